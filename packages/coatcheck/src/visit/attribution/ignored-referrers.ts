/**
 * Domains of payment providers, sub-domains included. Customers return from them to the shop, so they are never the
 * source of a visit.
 */
const PAYMENT_DOMAINS = `
  paypal.com paypalobjects.com stripe.com stripe.network klarna.com adyen.com adyenpayments.com mollie.com checkout.com
  squareup.com square.link worldpay.com braintreegateway.com braintree-api.com authorize.net 2checkout.com 2co.com skrill.com
  neteller.com paysafe.com paysafecard.com payu.com payu.pl payu.in payu.cz przelewy24.pl tpay.com dotpay.pl blik.com
  sofort.com giropay.de paydirekt.de ideal.nl bancontact.com multisafepay.com buckaroo.nl trustly.com swish.nu vipps.no
  mobilepay.dk twint.ch postfinance.ch saferpay.com datatrans.com payrexx.com wallee.com computop.com computop-paygate.com
  unzer.com heidelpay.com payone.com novalnet.de ratepay.com billpay.de billie.io easycredit.de sumup.com wirecard.com
  barclaycardsmartpay.com epdq.co.uk sagepay.com opayo.co.uk cybersource.com globalpaymentsinc.com realexpayments.com
  nets.eu bambora.com quickpay.net gocardless.com redsys.es servired.es lyra.com payzen.eu paybox.com systempay.fr
  paygreen.io alma.eu getalma.eu scalapay.com oney.com afterpay.com clearpay.co.uk clearpay.com affirm.com sezzle.com zip.co
  quadpay.com laybuy.com atome.sg pay.google.com payments.google.com pay.amazon.com payments.amazon.com
  payments.amazon.de payments.amazon.co.uk pay.shopify.com alipay.com tenpay.com pay.weixin.qq.com unionpay.com 95516.com
  razorpay.com paytm.in paytm.com phonepe.com ccavenue.com billdesk.com cashfree.com instamojo.com mercadopago.com
  mercadopago.com.br mercadopago.com.ar pagseguro.uol.com.br ebanx.com dlocal.com conekta.com openpay.mx paystack.com
  flutterwave.com yookassa.ru yoomoney.ru qiwi.com robokassa.ru iyzico.com iyzipay.com paytr.com ecpay.com.tw
  gmo-pg.com paypay.ne.jp omise.co xendit.co midtrans.com coinbase.com bitpay.com cardinalcommerce.com arcot.com
  3dsecure.io wlp-acs.com securesuite.net rsa3dsauth.com netcetera-payment.ch modirum.com fastspring.com paddle.com
  lemonsqueezy.com gumroad.com recurly.com chargebee.com`;

const LOGIN_DOMAINS = `
  accounts.google.com accounts.youtube.com login.microsoftonline.com login.microsoftonline.us login.microsoft.com login.live.com
  login.windows.net b2clogin.com ciamlogin.com appleid.apple.com account.apple.com idmsa.apple.com auth0.com okta.com
  oktapreview.com okta-emea.com onelogin.com pingone.com pingone.eu pingidentity.com duosecurity.com amazoncognito.com
  clerk.accounts.dev accounts.dev workos.com authkit.app stytch.com descope.com fusionauth.io frontegg.com
  kinde.com zitadel.cloud login.yahoo.com api.login.yahoo.com login.aol.com passport.yandex.com passport.yandex.ru
  oauth.yandex.ru oauth.vk.com id.vk.com login.vk.com kauth.kakao.com accounts.kakao.com nid.naver.com access.line.me
  login.salesforce.com login.gov id.me signin.aws.amazon.com bankid.com frejaeid.com itsme.be franceconnect.gouv.fr`;

/** Domains that are never the source of a visit. Their sub-domains are included. */
export const IGNORED_REFERRERS: ReadonlySet<string> = new Set(
  `${PAYMENT_DOMAINS} ${LOGIN_DOMAINS}`.trim().split(/\s+/),
);
