import type { SiteKind } from "./sites.ts";

/** A click id in the address of a page, and the source that it stands for. */
export interface ClickId {
  /** Name of the query parameter, in lower case. */
  readonly name: string;
  readonly source: string;
  readonly medium: string;
  readonly site: SiteKind;
  /** Whether the network adds this click id only to advertisements. */
  readonly isPaid: boolean;
}

const paidClickId = (name: string, source: string, site: SiteKind, medium = "cpc"): ClickId => ({
  name,
  source,
  medium,
  site,
  isPaid: true,
});

/** The click ids of advertising networks. If an address has several, the first one in this list is used. */
export const CLICK_IDS: readonly ClickId[] = [
  paidClickId("gclid", "google", "search"),
  paidClickId("gbraid", "google", "search"),
  paidClickId("wbraid", "google", "search"),
  paidClickId("msclkid", "bing", "search"),
  paidClickId("yclid", "yandex", "search"),
  // Display & Video 360. The medium `cpm` gives the channel `Display`.
  paidClickId("dclid", "doubleclick", "other", "cpm"),
  paidClickId("ttclid", "tiktok", "social"),
  paidClickId("twclid", "twitter", "social"),
  paidClickId("li_fat_id", "linkedin", "social"),
  paidClickId("sccid", "snapchat", "social"),
  paidClickId("rdt_cid", "reddit", "social"),
  paidClickId("epik", "pinterest", "social"),
  paidClickId("qclid", "quora", "social"),
  // Facebook and Instagram add this id to every outgoing link, not only to advertisements.
  { name: "fbclid", source: "facebook", medium: "referral", site: "social", isPaid: false },
];
