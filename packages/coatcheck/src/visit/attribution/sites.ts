/** The kinds of sites that channels distinguish. `other` exempts a sub-domain from the kind of its domain. */
export type SiteKind = "search" | "social" | "video" | "shopping" | "ai" | "email" | "other";

/**
 * The domains of each kind. A domain includes its sub-domains; the longest matching domain decides. The `.com` domain
 * of a brand in {@link WORLDWIDE_BRANDS} includes the brand's domains in every country.
 */
const DOMAINS_BY_KIND: Readonly<Record<SiteKind, string>> = {
  search: `
    google.com bing.com yahoo.com duckduckgo.com ecosia.org qwant.com startpage.com search.brave.com yandex.com ya.ru
    baidu.com sogou.com so.com sm.cn naver.com search.daum.net seznam.cz kagi.com mojeek.com swisscows.com metager.org metager.de
    search.aol.com ask.com lycos.com excite.com dogpile.com webcrawler.com info.com search.com search.ch
    presearch.com presearch.org gibiru.com searx.be leta.mullvad.net karmasearch.org lilo.org oceanhero.today
    ekoru.org go.mail.ru nova.rambler.ru rambler.ru virgilio.it libero.it suche.t-online.de suche.web.de suche.gmx.net
    onet.pl szukaj.onet.pl coccoc.com goo.ne.jp search.biglobe.ne.jp search.nifty.com yahoo.co.jp zapmeta.com
    search.xfinity.com search.comcast.net msn.com searchlock.com petalsearch.com sapo.pt terra.com.br
    com.google.android.googlequicksearchbox com.microsoft.bing com.duckduckgo.mobile.android`,
  social: `
    facebook.com fb.com fb.me messenger.com instagram.com threads.net threads.com t.co twitter.com x.com linkedin.com lnkd.in
    reddit.com redd.it pinterest.com pin.it snapchat.com tiktok.com tumblr.com vk.com vkontakte.ru ok.ru weibo.com weibo.cn
    weixin.qq.com mp.weixin.qq.com wechat.com qzone.qq.com xiaohongshu.com xhslink.com douban.com zhihu.com quora.com
    telegram.org t.me web.telegram.org whatsapp.com wa.me line.me discord.com discord.gg discordapp.com slack.com
    bsky.app bsky.social go.bsky.app mastodon.social mastodon.online mstdn.social mas.to fosstodon.org hachyderm.io
    nextdoor.com xing.com meetup.com goodreads.com flipboard.com news.ycombinator.com producthunt.com lemmy.world
    truthsocial.com gab.com myspace.com plurk.com mixi.jp kakao.com kakaotalk.com disqus.com stackexchange.com
    stackoverflow.com livejournal.com viadeo.com skyrock.com odnoklassniki.ru band.us yammer.com teams.microsoft.com
    lemon8-app.com bereal.com substack.com medium.com ravelry.com deviantart.com behance.net dribbble.com
    com.facebook.katana com.facebook.orca com.instagram.android com.twitter.android com.linkedin.android
    com.reddit.frontpage com.pinterest org.telegram.messenger com.slack com.zhiliaoapp.musically com.snapchat.android`,
  video: `
    youtube.com youtu.be youtube-nocookie.com vimeo.com twitch.tv dailymotion.com dai.ly rumble.com bilibili.com b23.tv
    youku.com iqiyi.com v.qq.com niconico.jp nicovideo.jp rutube.ru odysee.com wistia.com wistia.net loom.com ted.com
    netflix.com hulu.com disneyplus.com crunchyroll.com kick.com peertube.tv bitchute.com brightcove.com douyin.com
    kuaishou.com veoh.com metacafe.com com.google.android.youtube`,
  shopping: `
    amazon.com ebay.com etsy.com walmart.com target.com aliexpress.com alibaba.com 1688.com taobao.com tmall.com jd.com
    pinduoduo.com temu.com shein.com rakuten.com rakuten.co.jp mercadolibre.com mercadolivre.com.br mercadolivre.com
    allegro.pl ozon.ru wildberries.ru zalando.com otto.de kaufland.de bol.com cdiscount.com fnac.com idealo.com
    geizhals.de geizhals.at billiger.de guenstiger.de check24.de preisvergleich.de pricespy.co.uk pricerunner.com
    prisjakt.no prisjakt.nu kelkoo.com shopzilla.com bizrate.com pricegrabber.com shopping.google.com shopping.yahoo.com
    shopping.naver.com shopping.yandex.com market.yandex.com flipkart.com myntra.com snapdeal.com lazada.com shopee.com
    tokopedia.com coupang.com noon.com trendyol.com hepsiburada.com n11.com emag.ro wish.com wayfair.com bestbuy.com
    costco.com homedepot.com overstock.com newegg.com shop.app poshmark.com depop.com vinted.com mercari.com
    slickdeals.net mydealz.de hotukdeals.com dealabs.com pepper.com retailmenot.com camelcamelcamel.com
    com.amazon.mshop.android.shopping com.ebay.mobile`,
  ai: `
    chatgpt.com chat.openai.com openai.com perplexity.ai claude.ai gemini.google.com bard.google.com notebooklm.google.com
    copilot.microsoft.com copilot.cloud.microsoft m365.cloud.microsoft copilot.com edgeservices.bing.com chat.deepseek.com deepseek.com
    grok.com grok.x.ai x.ai meta.ai mistral.ai chat.mistral.ai you.com phind.com poe.com pi.ai
    chat.qwen.ai qwen.ai kimi.com kimi.moonshot.cn doubao.com yiyan.baidu.com chatglm.cn duck.ai andisearch.com iask.ai
    komo.ai felo.ai genspark.ai manus.im consensus.app openevidence.com liner.com
    com.openai.chatgpt ai.perplexity.app.android com.anthropic.claude com.google.android.apps.bard`,
  email: `
    mail.google.com com.google.android.gm outlook.live.com outlook.office.com outlook.office365.com outlook.com
    mail.yahoo.com mail.yahoo.co.jp mail.aol.com mail.proton.me mail.protonmail.com app.fastmail.com mail.zoho.com mail.zoho.eu
    mail.ru e.mail.ru mail.yandex.com mail.163.com mail.126.com mail.qq.com mail.naver.com mail.daum.net email.seznam.cz
    navigator.gmx.net deref-gmx.net deref-mail.com deref-web.de deref-gmx.com webmail.t-online.de email.t-online.de
    app.tuta.com mail.tutanota.com app.hey.com mail.superhuman.com icloud.com webmail.freenet.de poczta.onet.pl
    poczta.wp.pl webmail.ionos.de mail.orange.fr mail.libero.it com.microsoft.office.outlook com.yahoo.mobile.client.android.mail`,
  other: `
    news.google.com docs.google.com drive.google.com sites.google.com groups.google.com classroom.google.com play.google.com
    translate.google.com scholar.google.com calendar.google.com meet.google.com chat.google.com keep.google.com
    developers.google.com support.google.com cloud.google.com ads.google.com analytics.google.com
    search.google.com tagmanager.google.com finance.yahoo.com news.yahoo.com sports.yahoo.com news.yahoo.co.jp
    aws.amazon.com developer.amazon.com tieba.baidu.com disk.yandex.com blog.naver.com cafe.naver.com`,
};

/** For each kind of site, the names that campaigns write in `utm_source` instead of a domain. */
const CAMPAIGN_SOURCES_BY_KIND: Readonly<Partial<Record<SiteKind, string>>> = {
  search: `
    google googleads google-ads google_ads adwords bing bingads microsoft microsoftads yahoo duckduckgo ecosia qwant startpage
    brave yandex baidu sogou naver daum seznam kagi ask aol`,
  social: `
    facebook fb facebook-ads facebook_ads meta meta-ads meta_ads messenger msg instagram ig threads twitter x linkedin li reddit
    pinterest snapchat tiktok tumblr vk vkontakte weibo wechat xiaohongshu quora telegram whatsapp line discord bluesky
    mastodon nextdoor xing`,
  video: "youtube yt vimeo twitch dailymotion rumble bilibili",
  shopping: `
    amazon ebay etsy walmart aliexpress alibaba taobao temu rakuten mercadolibre allegro zalando idealo geizhals
    google-shopping google_shopping googleshopping shopping`,
  ai: "chatgpt openai perplexity claude gemini copilot deepseek grok mistral",
};

/**
 * Brands with a domain in many countries, such as `google.co.uk` and `yandex.ru`. Their `.com` domain in the lists
 * above includes all of them.
 */
const WORLDWIDE_BRANDS = [
  "aliexpress",
  "amazon",
  "ebay",
  "google",
  "idealo",
  "kelkoo",
  "lazada",
  "mercadolibre",
  "pinterest",
  "shein",
  "shopee",
  "vinted",
  "yandex",
  "zalando",
].join("|");

const NATIONAL_BRAND_DOMAIN_PATTERN = new RegExp(`(^|\\.)(${WORLDWIDE_BRANDS})\\.(?:com?\\.)?[a-z]{2}$`);

const KIND_BY_NAME: ReadonlyMap<string, SiteKind> = new Map(
  [DOMAINS_BY_KIND, CAMPAIGN_SOURCES_BY_KIND].flatMap((lists) =>
    Object.entries(lists).flatMap(([kind, list]) =>
      list
        .trim()
        .split(/\s+/)
        .map((site) => [site, kind as SiteKind] as const),
    ),
  ),
);

/**
 * Returns the kind of a site; null if it is unknown.
 *
 * @param site a host, the id of an Android app, or a name from `utm_source`; in lower case.
 */
export function siteKind(site: string): SiteKind | null {
  for (const domain of domainsOf(site.replace(NATIONAL_BRAND_DOMAIN_PATTERN, "$1$2.com"))) {
    const kind = KIND_BY_NAME.get(domain);
    if (kind) return kind;
  }
  return null;
}

/** Returns the host and its parent domains, longest first. */
export function domainsOf(host: string): string[] {
  const domains = [host];
  for (let dot = host.indexOf("."); dot !== -1; dot = host.indexOf(".", dot + 1)) {
    domains.push(host.slice(dot + 1));
  }
  return domains;
}
