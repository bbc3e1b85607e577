/**
 * The dimensions of visits. `channel`, `source`, `medium` and `campaign` are the last non-direct ones, those with `entry`
 * are the visit's own, and those with `firstTouch` are of the visitor's first visit.
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

/** The dimensions by which visits can be grouped and filtered. `page` is each page that was viewed during the visit. */
export type Dimension = (typeof DIMENSIONS)[number];

/** How a filter compares. `contains` tells upper case from lower case. */
export const OPERATORS = ["is", "isNot", "contains"] as const;

/** One of {@link OPERATORS}. */
export type Operator = (typeof OPERATORS)[number];

/**
 * A condition on a visit's dimension. Several filters apply together.
 *
 * `isNot` keeps visits without a value. On `page`, `is` and `contains` keep visits with at least one such page view, and
 * `isNot` those without any.
 */
export interface Filter {
  readonly dimension: Dimension;
  readonly operator: Operator;
  /** Null means that the visit has no value there; `contains` takes a text that is not empty. */
  readonly value: string | null;
}
