import { ROLLUP_DIMENSIONS, type RollupDimension } from "../sink/rollup-schema.ts";
import type { VisitRow } from "../sink/schema.ts";

/** The total, and the dimensions of which a visit has one value. */
export const VISIT_DIMENSIONS = ROLLUP_DIMENSIONS.filter(
  (dimension) => dimension !== "page" && dimension !== "event",
) as readonly VisitDimension[];

type VisitDimension = Exclude<RollupDimension, "page" | "event">;

/** The value of a dimension in the rollups; `''` for the total and for null. */
export function valueIn(visit: VisitRow, dimension: RollupDimension): string {
  if (dimension === "" || dimension === "page" || dimension === "event") return "";
  return visit[dimension] ?? "";
}
