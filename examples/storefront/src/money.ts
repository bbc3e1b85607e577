/** The shop sells in one currency. */
export const CURRENCY = "CHF";

const FORMAT = new Intl.NumberFormat("en-CH", { style: "currency", currency: CURRENCY });

/** Prints an amount of minor units, such as `CHF 249.00`. */
export function formatPrice(rappen: number): string {
  return FORMAT.format(rappen / 100).replace(/\s/g, "\u00a0");
}

/** Prints an amount of any currency, from its minor units. */
export function formatAmount(minorUnits: number, currency: string): string {
  const format = new Intl.NumberFormat("en-CH", { style: "currency", currency });
  const { maximumFractionDigits = 2 } = format.resolvedOptions();
  return format.format(minorUnits / 10 ** maximumFractionDigits).replace(/\s/g, "\u00a0");
}
