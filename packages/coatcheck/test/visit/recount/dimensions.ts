/** The dimensions by which statistics can be broken down and filtered. */
import type { Source } from "../../../src/visit/event.ts";
import type { CountedOrder } from "./orders.ts";
import { entryPageOf, exitPageOf, type Visit } from "./visits.ts";

const SOURCE_PARTS = ["channel", "source", "medium", "campaign"] as const;
const CLIENT_PARTS = ["country", "device", "browser", "os"] as const;
type SourcePart = (typeof SOURCE_PARTS)[number];

/**
 * A dimension whose value is a part of a source. `model` says which source it is: the visit's last non-direct source,
 * the source of the visit itself (`entry`), or the source of the visitor's first visit.
 */
interface SourceDimension {
  readonly model: "last" | "entry" | "first";
  readonly part: SourcePart;
}

/** The dimensions whose values are parts of a source, by name. */
const SOURCE_DIMENSIONS: ReadonlyMap<string, SourceDimension> = new Map(
  SOURCE_PARTS.flatMap((part): [string, SourceDimension][] => {
    const title = part.charAt(0).toUpperCase() + part.slice(1);
    return [
      [part, { model: "last", part }],
      [`entry${title}`, { model: "entry", part }],
      [`firstTouch${title}`, { model: "first", part }],
    ];
  }),
);

/** All dimensions for which a visit has exactly one value. */
export const DIMENSIONS: readonly string[] = [
  ...SOURCE_DIMENSIONS.keys(),
  ...CLIENT_PARTS,
  "entryPage",
  "exitPage",
  "referrer",
];

/** The value of every dimension for orders and events without a visit. */
export const NO_VISIT = "(no visit)";

/** A condition on a dimension of a visit. For the dimension `page`, one of the viewed paths must meet the condition. */
export interface Condition {
  readonly dimension: string;
  readonly operator: "is" | "isNot" | "contains";
  readonly value: string | null;
}

/** Returns the value of a visit in a dimension. */
export function valueOfVisit(visit: Visit, dimension: string): string | null {
  const sources = { last: visit.lastNonDirectSource, entry: visit.source, first: visit.firstTouchSource };
  const ofSource = SOURCE_DIMENSIONS.get(dimension);
  if (ofSource) return sources[ofSource.model][ofSource.part];
  if (dimension === "entryPage") return entryPageOf(visit);
  if (dimension === "exitPage") return exitPageOf(visit);
  if (dimension === "referrer") return visit.source.referrer;
  const part = CLIENT_PARTS.find((name) => name === dimension);
  if (!part) throw new RangeError(`Unknown dimension ${dimension}.`);
  return visit.client?.[part] ?? null;
}

/**
 * Returns the value of a dimension, such as the country, for an order. Parts of sources come from the copy of the
 * sources that was stored with the order, and all other values come from the order's visit.
 */
export function valueOfOrder({ visit, storedSources }: CountedOrder, dimension: string): string | null {
  if (!visit) return NO_VISIT;
  const ofSource = SOURCE_DIMENSIONS.get(dimension);
  if (!ofSource || ofSource.model === "entry") return valueOfVisit(visit, dimension);
  const sources: { readonly last: Source; readonly first: Source } | null = storedSources;
  return sources ? sources[ofSource.model][ofSource.part] : NO_VISIT;
}

/** Returns whether a visit meets all conditions. */
export function visitMeets(visit: Visit, conditions: readonly Condition[]): boolean {
  return conditions.every((condition) => {
    if (condition.dimension !== "page")
      return matchesCondition(condition, valueOfVisit(visit, condition.dimension));
    const paths = visit.pages.map(({ path }) => path);
    return condition.operator === "isNot"
      ? paths.every((path) => matchesCondition(condition, path))
      : paths.some((path) => matchesCondition(condition, path));
  });
}

/**
 * Returns whether an order meets all conditions. An order without a visit meets only conditions with
 * {@link NO_VISIT}.
 */
export function orderMeets(order: CountedOrder, conditions: readonly Condition[]): boolean {
  return conditions.every((condition) => {
    const { visit } = order;
    if (!visit) return condition.operator === "is" && condition.value === NO_VISIT;
    if (condition.dimension === "page") return visitMeets(visit, [condition]);
    return matchesCondition(condition, valueOfOrder(order, condition.dimension));
  });
}

function matchesCondition({ operator, value }: Condition, actual: string | null): boolean {
  if (operator === "is") return actual === value;
  if (operator === "isNot") return actual !== value;
  return actual !== null && value !== null && actual.includes(value);
}
