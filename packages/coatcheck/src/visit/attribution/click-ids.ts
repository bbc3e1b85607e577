import type { SiteKind } from "./sites.ts";

/** What a click id in the address of a page shows about where the visit comes from. */
export interface ClickId {
  /** Of the parameter, in lower case. */
  readonly name: string;
  readonly source: string;
  readonly medium: string;
  readonly site: SiteKind;
  /** Whether only advertisements add it. */
  readonly isPaid: boolean;
}

const paid = (name: string, source: string, site: SiteKind, medium = "cpc"): ClickId => ({
  name,
  source,
  medium,
  site,
  isPaid: true,
});

/** The click ids of advertising networks. Of several in one address, the first in this list counts. */
export const CLICK_IDS: readonly ClickId[] = [
  paid("gclid", "google", "search"),
  paid("gbraid", "google", "search"),
  paid("wbraid", "google", "search"),
  paid("msclkid", "bing", "search"),
  paid("yclid", "yandex", "search"),
  // Display & Video 360. Its medium leads to `Display`.
  paid("dclid", "doubleclick", "other", "cpm"),
  paid("ttclid", "tiktok", "social"),
  paid("twclid", "twitter", "social"),
  paid("li_fat_id", "linkedin", "social"),
  paid("sccid", "snapchat", "social"),
  paid("rdt_cid", "reddit", "social"),
  paid("epik", "pinterest", "social"),
  paid("qclid", "quora", "social"),
  // Facebook and Instagram add it to every outgoing link.
  { name: "fbclid", source: "facebook", medium: "referral", site: "social", isPaid: false },
];
