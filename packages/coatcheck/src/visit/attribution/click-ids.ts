import type { SiteKind } from "./sites.ts";

/** A click id in the address of a page, and the source that it indicates. */
export interface ClickId {
  /** Name of the query parameter, in lower case. */
  readonly name: string;
  readonly source: string;
  readonly medium: string;
  readonly site: SiteKind;
  /** Whether only advertisements add it. */
  readonly isPaid: boolean;
}

const paidClickId = (name: string, source: string, site: SiteKind, medium = "cpc"): ClickId => ({
  name,
  source,
  medium,
  site,
  isPaid: true,
});

/** The click ids of advertising networks. If an address has several, the first in this list counts. */
export const CLICK_IDS: readonly ClickId[] = [
  paidClickId("gclid", "google", "search"),
  paidClickId("gbraid", "google", "search"),
  paidClickId("wbraid", "google", "search"),
  paidClickId("msclkid", "bing", "search"),
  paidClickId("yclid", "yandex", "search"),
  // Display & Video 360. Its medium leads to `Display`.
  paidClickId("dclid", "doubleclick", "other", "cpm"),
  paidClickId("ttclid", "tiktok", "social"),
  paidClickId("twclid", "twitter", "social"),
  paidClickId("li_fat_id", "linkedin", "social"),
  paidClickId("sccid", "snapchat", "social"),
  paidClickId("rdt_cid", "reddit", "social"),
  paidClickId("epik", "pinterest", "social"),
  paidClickId("qclid", "quora", "social"),
  // Facebook and Instagram add it to every outgoing link.
  { name: "fbclid", source: "facebook", medium: "referral", site: "social", isPaid: false },
];
