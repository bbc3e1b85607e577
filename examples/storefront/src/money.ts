/** The shop's only currency. */
export const CURRENCY = "CHF";

const PRICE_FORMAT = new Intl.NumberFormat("en-CH", { style: "currency", currency: CURRENCY });

/** Formats a price in the shop's currency, such as `CHF 249.00`. */
export function formatPrice(rappen: number): string {
  return PRICE_FORMAT.format(rappen / 100).replace(/\s/g, "\u00a0");
}

/** Formats an amount in any currency. */
export function formatAmount(minorUnits: number, currency: string): string {
  const format = new Intl.NumberFormat("en-CH", { style: "currency", currency });
  const { maximumFractionDigits = 2 } = format.resolvedOptions();
  return format.format(minorUnits / 10 ** maximumFractionDigits).replace(/\s/g, "\u00a0");
}
