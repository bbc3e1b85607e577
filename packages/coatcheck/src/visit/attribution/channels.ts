import type { SiteKind } from "./sites.ts";

/** The marketing channels, named as in Google Analytics 4. */
export const CHANNELS = [
  "Direct",
  "Cross-network",
  "Paid Shopping",
  "Paid Search",
  "Paid Social",
  "Paid Video",
  "Display",
  "Paid Other",
  "Email",
  "Affiliates",
  "Audio",
  "SMS",
  "Mobile Push Notifications",
  "AI Assistant",
  "Organic Shopping",
  "Organic Social",
  "Organic Video",
  "Organic Search",
  "Referral",
  "Unassigned",
] as const;

/** One of {@link CHANNELS}. */
export type Channel = (typeof CHANNELS)[number];

/** The input of {@link channelOf}. All texts are in lower case. A missing text is empty. */
export interface ChannelInput {
  readonly source: string;
  readonly medium: string;
  readonly campaign: string;
  /** The kind of site that the visit came from; null if it is unknown. */
  readonly site: SiteKind | null;
  /** Whether the address has a click id that its network adds only to advertisements. */
  readonly hasPaidClickId: boolean;
}

const MISSING_MEDIUM_VALUES = ["", "(none)", "(not set)"];
const PAID_MEDIUM_PATTERN = /cp|^ppc$|^retargeting$|^paid/;
const DISPLAY_MEDIUM_VALUES = ["display", "banner", "expandable", "interstitial", "cpm"];
const SOCIAL_MEDIUM_VALUES = [
  "social",
  "social-network",
  "social-media",
  "sm",
  "social network",
  "social media",
];
const EMAIL_VALUES = ["email", "e-mail", "e_mail", "e mail"];
/** Matches `shop` at the beginning of a word or after an `e`, as in `eshop`, but not `workshop`. */
const SHOPPING_CAMPAIGN_PATTERN = /(?:^|[^a-df-z])shop|shopping/;

const isPaidVisit = ({ medium, hasPaidClickId }: ChannelInput) =>
  PAID_MEDIUM_PATTERN.test(medium) || (hasPaidClickId && !DISPLAY_MEDIUM_VALUES.includes(medium));
const isShoppingVisit = ({ site, campaign }: ChannelInput) =>
  site === "shopping" || SHOPPING_CAMPAIGN_PATTERN.test(campaign);

/**
 * The first rule that matches decides the channel. The rules are those of Google Analytics 4, in a different order: a
 * medium that names a channel, such as `email`, is checked before the source's site. A link in an e-mail from
 * Facebook is therefore `Email`.
 */
const CHANNEL_RULES: readonly (readonly [channel: Channel, matches: (input: ChannelInput) => boolean])[] = [
  [
    "Direct",
    ({ source, medium }) => ["direct", "(direct)"].includes(source) && MISSING_MEDIUM_VALUES.includes(medium),
  ],
  ["Unassigned", ({ source, medium }) => source === "" && MISSING_MEDIUM_VALUES.includes(medium)],
  ["Cross-network", ({ campaign }) => campaign.includes("cross-network")],
  ["Paid Shopping", (input) => isPaidVisit(input) && isShoppingVisit(input)],
  ["Paid Search", (input) => isPaidVisit(input) && input.site === "search"],
  ["Paid Social", (input) => isPaidVisit(input) && input.site === "social"],
  ["Paid Video", (input) => isPaidVisit(input) && input.site === "video"],
  ["Display", ({ medium }) => DISPLAY_MEDIUM_VALUES.includes(medium)],
  ["Paid Other", isPaidVisit],
  ["Email", ({ source, medium }) => EMAIL_VALUES.includes(source) || EMAIL_VALUES.includes(medium)],
  ["Affiliates", ({ medium }) => medium === "affiliate" || medium === "affiliates"],
  ["Audio", ({ medium }) => medium === "audio"],
  ["SMS", ({ source, medium }) => source === "sms" || medium === "sms"],
  [
    "Mobile Push Notifications",
    ({ source, medium }) =>
      source === "firebase" || medium.endsWith("push") || /mobile|notification/.test(medium),
  ],
  ["Email", ({ site }) => site === "email"],
  ["AI Assistant", ({ site, medium }) => site === "ai" || medium === "ai-assistant"],
  ["Organic Shopping", isShoppingVisit],
  ["Organic Social", ({ site, medium }) => site === "social" || SOCIAL_MEDIUM_VALUES.includes(medium)],
  ["Organic Video", ({ site, medium }) => site === "video" || medium.includes("video")],
  ["Organic Search", ({ site, medium }) => site === "search" || medium === "organic"],
  ["Referral", ({ medium }) => ["referral", "app", "link"].includes(medium)],
];

/** Returns the channel of a visit that has a source, a medium or a campaign. */
export function channelOf(input: ChannelInput): Channel {
  return CHANNEL_RULES.find(([, matches]) => matches(input))?.[0] ?? "Unassigned";
}
