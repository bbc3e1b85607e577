/** What figures can be broken down and filtered by. */
import type { CountedOrder } from "./orders.ts";
import { entryPageOf, exitPageOf, type Visit } from "./visits.ts";

/** How a source of a visit is chosen. */
type Model = "last" | "entry" | "first";

const SOURCE_PARTS = ["channel", "source", "medium", "campaign"] as const;
const VISIT_PARTS = ["entryPage", "exitPage", "country", "device", "browser", "os"] as const;

/** What figures can be broken down by. `entry.channel` is the visit's own, `first.channel` the visitor's first. */
export const DIMENSIONS: readonly string[] = [
  ...SOURCE_PARTS,
  ...SOURCE_PARTS.map((part) => `entry.${part}`),
  ...SOURCE_PARTS.map((part) => `first.${part}`),
  ...VISIT_PARTS,
];

/** The value under which figures without a visit are counted. */
export const NO_VISIT = "(no visit)";

/** Values of dimensions that a visit must have. */
export type Filter = Readonly<Record<string, string | null>>;

/** The value of a dimension of a visit. */
export function valueOfVisit(visit: Visit, dimension: string): string | null {
  const [model, part] = dimension.includes(".") ? dimension.split(".") : ["last", dimension];
  const source = { last: visit.lastNonDirect, entry: visit.source, first: visit.firstTouch }[model as Model];
  if (isSourcePart(part)) return source[part];
  if (dimension === "entryPage") return entryPageOf(visit);
  if (dimension === "exitPage") return exitPageOf(visit);
  return visit.client?.[dimension as "country"] ?? null;
}

/** The value of a dimension of an order: sources as frozen on it, all else of its visit. */
export function valueOfOrder({ visit, frozen }: CountedOrder, dimension: string): string | null {
  if (!visit) return NO_VISIT;
  const [model, part] = dimension.includes(".") ? dimension.split(".") : ["last", dimension];
  if (isSourcePart(part) && model !== "entry")
    return frozen ? frozen[model as "last" | "first"][part] : NO_VISIT;
  return valueOfVisit(visit, dimension);
}

function isSourcePart(part: string | undefined): part is (typeof SOURCE_PARTS)[number] {
  return SOURCE_PARTS.some((name) => name === part);
}
