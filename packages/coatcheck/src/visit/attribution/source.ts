import type { Source } from "../event.ts";
import { type Campaign, campaignOf, NO_CAMPAIGN } from "./campaign.ts";
import { channelOf } from "./channels.ts";
import { type ReferrerInput, referringHost } from "./referrer.ts";
import { type SiteKind, siteKind } from "./sites.ts";

/** The input of {@link sourceOf}. */
export interface SourceInput extends ReferrerInput {
  /** The address of the visit's first page, or its path and query. */
  readonly url: string;
}

const DIRECT_SOURCE: Source = Object.freeze({
  channel: "Direct",
  source: null,
  medium: null,
  campaign: null,
  term: null,
  content: null,
  referrer: null,
  clickId: null,
});

/**
 * Returns where a visit comes from. UTM parameters decide first; a click id fills in the missing ones. If the address
 * has no `utm_source`, `utm_medium` or `utm_campaign`, the first of these that exists decides: an advertisement's click
 * id, the referrer, `fbclid`. Never throws.
 *
 * @example
 * sourceOf({ url: "/tacos?gclid=x", referrer: "https://www.google.com/", ownHosts: ["shop.example"] });
 * // { channel: "Paid Search", source: "google", medium: "cpc", referrer: "google.com", clickId: "gclid", … }
 */
export function sourceOf(input: SourceInput): Source {
  const tags = campaignOf(input.url);
  const referrer = referringHost(input);
  if (tags === NO_CAMPAIGN && referrer === null) return DIRECT_SOURCE;
  const { source, medium, site } = sourceMediumAndSite(tags, referrer);
  const { campaign, term, content, clickId } = tags;
  const rest = { campaign, term, content, referrer, clickId: clickId?.name ?? null };
  if (!source && !medium && !campaign) return term || content ? { ...DIRECT_SOURCE, ...rest } : DIRECT_SOURCE;
  const channel = channelOf({
    source: source ?? "",
    medium: medium ?? "",
    campaign: campaign ?? "",
    site,
    hasPaidClickId: clickId?.isPaid ?? false,
  });
  return channel === "Direct" ? { ...DIRECT_SOURCE, ...rest } : { channel, source, medium, ...rest };
}

/** Returns whether a source is `Direct`. A direct visit is attributed to the source of an earlier visit. */
export function isDirect(source: Pick<Source, "channel">): boolean {
  return source.channel === "Direct";
}

function sourceMediumAndSite(
  { source, medium, campaign, clickId }: Campaign,
  referrer: string | null,
): { readonly source: string | null; readonly medium: string | null; readonly site: SiteKind | null } {
  const isTagged = source !== null || medium !== null || campaign !== null;
  if (!isTagged && referrer && !clickId?.isPaid) {
    const site = siteKind(referrer);
    return { source: referrer, medium: site === "search" ? "organic" : "referral", site };
  }
  return {
    source: source ?? clickId?.source ?? null,
    medium: medium ?? clickId?.medium ?? null,
    site: (source && siteKind(source)) || (clickId?.site ?? null),
  };
}
