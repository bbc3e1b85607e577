import type { JsonObject } from "../../session/json.ts";
import type { CustomerTotals, PersonalData } from "./maintenance.ts";

type TableRows = readonly Record<string, unknown>[];
type PersonalTables = Readonly<Record<keyof PersonalData, TableRows>>;

/** Columns that contain JSON. */
const JSON_COLUMNS = ["body", "journey"];
/** Columns that only PostgreSQL uses: the hash of an order's id, and a random number. */
const INTERNAL_COLUMNS = ["key", "last_write"];

/** Merges the rows of several visitors. Columns with JSON become objects. */
export function toPersonalData(parts: readonly PersonalTables[]): PersonalData {
  const rowsOf = (name: keyof PersonalData) => parts.flatMap((tables) => tables[name].map(rowToJson));
  return {
    visitors: rowsOf("visitors"),
    visits: rowsOf("visits"),
    sessions: rowsOf("sessions"),
    journeys: rowsOf("journeys"),
    events: rowsOf("events"),
    orders: rowsOf("orders"),
  };
}

function rowToJson(row: Record<string, unknown>): JsonObject {
  const entries = Object.entries(row)
    .filter(([name]) => !INTERNAL_COLUMNS.includes(name))
    .map(([name, value]) => [name, isJsonColumn(name, value) ? JSON.parse(String(value)) : value]);
  return Object.fromEntries(entries);
}

/** The revenue of a visit is JSON; the revenue of an order is a number. */
function isJsonColumn(name: string, value: unknown): boolean {
  return JSON_COLUMNS.includes(name) || (name === "revenue" && typeof value === "string");
}

/** Computes the totals from the rows of `customerTotals` in `maintenance-sql.ts`. */
export function totalsOf(orders: TableRows, visits: TableRows): CustomerTotals {
  const [row] = visits;
  const timeOf = (value: unknown) => (typeof value === "number" ? value : null);
  return {
    orders: orders.reduce((sum, each) => sum + Number(each.orders), 0),
    revenue: Object.fromEntries(orders.map(({ currency, revenue }) => [currency, Number(revenue)])),
    visits: Number(row?.visits ?? 0),
    firstVisitAt: timeOf(row?.first),
    lastVisitAt: timeOf(row?.last),
  };
}
