import type { Source } from "../../../src/visit/event.ts";
import { deliver } from "./delivery.ts";
import { Recount } from "./recount.ts";
import { Browser, DIRECT_SOURCE, Script } from "./script.ts";

/** The time at which the browsers of the tests start. */
export const START = Date.parse("2026-10-05T08:00:00Z");
/** The month of the tests, as a range of days. */
export const MONTH = { from: "2026-10-01", to: "2026-10-31" };
export const GOOGLE_SOURCE: Source = {
  ...DIRECT_SOURCE,
  channel: "Organic Search",
  source: "google",
  medium: "organic",
};
export const MAIL_SOURCE: Source = {
  ...DIRECT_SOURCE,
  channel: "Email",
  source: "news",
  medium: "email",
  campaign: "autumn",
};

/** Creates a browser that adds its actions to `script`. */
export function createBrowser(script = new Script(), at = START): Browser {
  return new Browser(script, at);
}

/** Creates a recount of a script whose actions arrive in order. */
export function createRecount({ script }: { readonly script: Script }, timeZone = "UTC"): Recount {
  return new Recount(script, deliver(script), timeZone);
}

/** Returns the recounted figures of a script for the whole month. */
export function recountMonth(browser: { readonly script: Script }, timeZone = "UTC") {
  return createRecount(browser, timeZone).overview(MONTH);
}
