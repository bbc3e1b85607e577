import { ROLLUP_DIMENSIONS, type RollupDimension } from "../sink/rollup-schema.ts";
import type { VisitRow } from "../sink/schema.ts";

/** The total, and the dimensions for which a visit has exactly one value. */
export const VISIT_DIMENSIONS = ROLLUP_DIMENSIONS.filter(
  (dimension) => dimension !== "page" && dimension !== "event",
) as readonly VisitDimension[];

type VisitDimension = Exclude<RollupDimension, "page" | "event">;

/** The columns of a visit from which rollups (precomputed statistics) are computed. */
export const ROLLED_UP_COLUMNS = [
  ...VISIT_DIMENSIONS.filter((dimension) => dimension !== ""),
  ...(["visitor", "started_at", "local_day", "last_day", "previous_day", "is_second"] as const),
  ...(["page_views", "events"] as const),
  ...(["visible_time", "is_engaged", "orders", "product_view_at", "add_to_cart_at"] as const),
  ...(["begin_checkout_at", "order_at", "closed_add_to_cart_at", "closed_begin_checkout_at"] as const),
  "closed_order_at" as const,
];

/** The part of a visit from which rollups are computed. */
export type RolledUpVisit = Pick<VisitRow, (typeof ROLLED_UP_COLUMNS)[number]>;

/** Returns a visit's value in a dimension, as rollups store it: `''` for the total and for null. */
export function rollupValueOf(visit: RolledUpVisit, dimension: RollupDimension): string {
  if (dimension === "" || dimension === "page" || dimension === "event") return "";
  return visit[dimension] ?? "";
}
