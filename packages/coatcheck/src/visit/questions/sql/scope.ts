import { sql } from "kysely";
import type { Dimension, Filter, Operator } from "../dimensions.ts";
import type { Days } from "../request.ts";
import { DIMENSION_COLUMNS } from "./columns.ts";
import type { Dialect, Sql } from "./dialect.ts";

/** The visits that a question reads: those of a tenant, on some days, that match the filters. */
export interface Scope {
  readonly dialect: Dialect;
  readonly days: Days;
  /** `''` selects events without a tenant; undefined selects all tenants. */
  readonly tenant: string | undefined;
  readonly filters: readonly Filter[];
}

/**
 * Condition: the row belongs to the question's tenant. For all tenants, it lists each of them, so that an index by
 * tenant can be used.
 */
export function isOfTenant({ tenant }: Pick<Scope, "tenant">, column: string): Sql<boolean> {
  return tenant === undefined
    ? sql`${sql.ref(column)} in (select tenant from coatcheck_visit_tenant)`
    : sql`${sql.ref(column)} = ${tenant}`;
}

/** Condition: the day in a column is in the question's range. */
export function isInRange({ days }: Pick<Scope, "days">, column: string): Sql<boolean> {
  return sql`${sql.ref(column)} between ${sql.lit(days.fromDay)} and ${sql.lit(days.toDay)}`;
}

/**
 * Returns the conditions for the filters on a visit `v`, or on an order `o` and its visit.
 *
 * @param column - returns the column of a dimension.
 */
export function filterConditions(
  { dialect, filters }: Pick<Scope, "dialect" | "filters">,
  column: (dimension: Exclude<Dimension, "page">) => string = (dimension) =>
    `v.${DIMENSION_COLUMNS[dimension]}`,
): Sql<boolean>[] {
  return filters.map(({ dimension, operator, value }) =>
    dimension === "page"
      ? pageCondition(dialect, operator, value ?? "")
      : textCondition(dialect, sql.ref(column(dimension)), { operator, value }),
  );
}

/** Condition: a text matches the value of a filter. For `is` and `isNot`, the value may be null. */
export function textCondition(
  dialect: Dialect,
  text: Sql,
  { operator, value }: Pick<Filter, "operator" | "value">,
): Sql<boolean> {
  switch (operator) {
    case "is":
      return value === null ? sql`${text} is null` : sql`${text} = ${value}`;
    case "isNot":
      return value === null ? sql`${text} is not null` : sql`${text} is distinct from ${value}`;
    case "contains":
      return dialect.contains(text, value ?? "");
  }
}

/**
 * Condition on the pages of a visit. A complete path is found by a text search in the journey (the JSON list of the
 * visit's events): `JSON.stringify` has written it, so the quotation marks before the path cannot occur inside
 * another text.
 */
function pageCondition(dialect: Dialect, operator: Operator, value: string): Sql<boolean> {
  const journey = sql`j.journey`;
  const found =
    operator === "contains"
      ? sql`exists (select 1 from ${dialect.entryTable(journey)} where ${isPageView(dialect)}
          and ${dialect.contains(dialect.textAt(2), value)})`
      : dialect.contains(journey, `"page_view",${JSON.stringify(value)}]`);
  const exists = sql<boolean>`exists (select 1 from coatcheck_visit_journey j where j.visit_id = v.id and ${found})`;
  return operator === "isNot" ? sql`not ${exists}` : exists;
}

/** Condition: the journey entry `e` is a page view. */
export function isPageView(dialect: Dialect): Sql<boolean> {
  return sql`${dialect.textAt(1)} = 'page_view'`;
}
