/**
 * The dimensions of visits. `channel`, `source`, `medium` and `campaign` belong to the visit's last non-direct source.
 * Names with `entry` belong to the visit's own source. Names with `firstTouch` belong to the source of the visitor's
 * first visit.
 */
export const DIMENSIONS = [
  "page",
  "entryPage",
  "exitPage",
  "channel",
  "source",
  "medium",
  "campaign",
  "entryChannel",
  "entrySource",
  "entryMedium",
  "entryCampaign",
  "firstTouchChannel",
  "firstTouchSource",
  "firstTouchMedium",
  "firstTouchCampaign",
  "referrer",
  "country",
  "device",
  "browser",
  "os",
] as const;

/**
 * A dimension by which visits can be grouped and filtered. For `page`, a visit has one value for each page that it
 * viewed.
 */
export type Dimension = (typeof DIMENSIONS)[number];

/** How a filter compares. `contains` is case-sensitive. */
export const OPERATORS = ["is", "isNot", "contains"] as const;

/** One of {@link OPERATORS}. */
export type Operator = (typeof OPERATORS)[number];

/**
 * A condition on a visit's dimension. A visit must match all filters.
 *
 * `isNot` also matches visits without a value. On `page`, `is` and `contains` match visits with at least one matching
 * page view, and `isNot` matches visits without a view of that page.
 */
export interface Filter {
  readonly dimension: Dimension;
  readonly operator: Operator;
  /** Null matches visits without a value. For `contains`, a non-empty text. */
  readonly value: string | null;
}
