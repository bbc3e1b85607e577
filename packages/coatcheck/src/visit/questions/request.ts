import { CoatcheckError, type Fault, invalidInputError } from "../../session/errors.ts";
import { describeValue } from "../../session/usage-error.ts";
import type { DateRange } from "./answers.ts";
import { addMonths, daysBetween, isCalendarDate } from "./calendar.ts";
import { DIMENSIONS, type Filter, OPERATORS } from "./dimensions.ts";

/** Longest range, in months. Rollups (precomputed statistics) are kept for the same time. */
const MAX_RANGE_MONTHS = 25;
/** Maximum number of filters in one request. */
const MAX_FILTERS = 20;
/** Longest value of a filter, in characters. */
const MAX_FILTER_VALUE_LENGTH = 1024;
/** Maximum number of rows per page. */
export const MAX_ROWS_PER_PAGE = 1000;

/** A validated range. Days are numbered from 1 January 1970. */
export interface Days extends DateRange {
  readonly fromDay: number;
  readonly toDay: number;
}

/** Returns the number of a date, counted from 1 January 1970. */
export function dayNumber(date: string): number {
  return daysBetween("1970-01-01", date);
}

/** Collects all faults of a request, so that one error lists them. */
export class RequestCheck {
  readonly #question: string;
  readonly #faults: Fault[] = [];

  /** @param known - the members that the request may have. */
  constructor(question: string, request: unknown, known: readonly string[]) {
    this.#question = question;
    if (typeof request !== "object" || request === null || Array.isArray(request)) {
      throw new CoatcheckError("VALIDATION_FAILED", `Invalid ${question}: the request must be an object.`, {
        faults: [{ path: "", message: "must be an object" }],
      });
    }
    this.checkMembers("", request, known);
  }

  /** Adds a fault. */
  addFault(path: string, message: string): void {
    this.#faults.push({ path, message });
  }

  /** Throws `VALIDATION_FAILED` with all faults, if there are any. */
  throwFaults(): void {
    if (this.#faults.length > 0) throw invalidInputError(this.#question, this.#faults);
  }

  /** Adds a fault for each unknown member of an object. */
  checkMembers(path: string, value: object, known: readonly string[]): void {
    for (const [name, member] of Object.entries(value)) {
      if (member !== undefined && !known.includes(name))
        this.addFault(path + name, `is unknown; the members are ${known.join(", ")}`);
    }
  }

  /** Checks that a member has one of the allowed values. */
  checkOneOf<Value>(path: string, value: unknown, allowed: readonly Value[]): Value {
    if (!allowed.includes(value as Value))
      this.addFault(path, `must be one of ${allowed.join(", ")} (got ${describeValue(value)})`);
    return value as Value;
  }

  /** Checks that a value is a non-empty text. */
  checkText(path: string, value: unknown): string {
    if (typeof value !== "string" || value === "" || value.length > MAX_FILTER_VALUE_LENGTH)
      this.addFault(
        path,
        `must be a text of 1 to ${MAX_FILTER_VALUE_LENGTH} characters (got ${describeValue(value)})`,
      );
    else if (isUnstorable(value)) this.addFault(path, "must be well-formed Unicode without U+0000");
    return String(value);
  }

  /** Checks the range of days. */
  checkRange(from: unknown, to: unknown, timeZone: string): Days {
    const dates = { from, to };
    let isValid = true;
    for (const [path, value] of Object.entries(dates)) {
      if (isCalendarDate(value)) continue;
      isValid = false;
      this.addFault(path, `must be a whole local day such as "2026-03-29" (got ${describeValue(value)})`);
    }
    if (!isValid) return { from: "", to: "", timeZone, fromDay: 0, toDay: 0 };
    const [first, last] = [String(from), String(to)];
    if (first > last) this.addFault("from", `must not be after "to" (got "${first}" and "${last}")`);
    else if (last >= addMonths(first, MAX_RANGE_MONTHS))
      this.addFault("to", `must be less than ${MAX_RANGE_MONTHS} months after "from"`);
    return { from: first, to: last, timeZone, fromDay: dayNumber(first), toDay: dayNumber(last) };
  }

  /**
   * Checks the `tenant` of a request, where undefined selects all tenants and null selects events without a tenant.
   * Returns undefined for all tenants and `""` for events without a tenant.
   */
  checkTenant(value: unknown): string | undefined {
    if (value === undefined) return undefined;
    return value === null ? "" : this.checkText("tenant", value);
  }

  /** Checks the filters. */
  checkFilters(value: unknown): readonly Filter[] {
    if (value === undefined) return [];
    if (!Array.isArray(value) || value.length > MAX_FILTERS) {
      this.addFault(
        "filters",
        `must be a list of at most ${MAX_FILTERS} filters (got ${describeValue(value)})`,
      );
      return [];
    }
    return value.map((filter, index) => this.#checkFilter(filter, `filters.${index}`));
  }

  #checkFilter(filter: unknown, path: string): Filter {
    if (typeof filter !== "object" || filter === null) {
      this.addFault(
        path,
        `must be an object with "dimension", "operator" and "value" (got ${describeValue(filter)})`,
      );
      return { dimension: "channel", operator: "is", value: null };
    }
    this.checkMembers(`${path}.`, filter, ["dimension", "operator", "value"]);
    const given = filter as Record<string, unknown>;
    const dimension = this.checkOneOf(`${path}.dimension`, given.dimension, DIMENSIONS);
    const operator = this.checkOneOf(`${path}.operator`, given.operator, OPERATORS);
    const mayBeNull = operator !== "contains" && dimension !== "page";
    const value = given.value === null && mayBeNull ? null : this.checkText(`${path}.value`, given.value);
    return { dimension, operator, value };
  }

  /** Checks the number of rows per page. */
  checkLimit(value: unknown, byDefault: number): number {
    if (value === undefined) return byDefault;
    if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_ROWS_PER_PAGE)
      return value;
    this.addFault(
      "limit",
      `must be a whole number from 1 to ${MAX_ROWS_PER_PAGE} (got ${describeValue(value)})`,
    );
    return byDefault;
  }
}

/**
 * Returns whether a text cannot be stored in a database column: PostgreSQL stores no U+0000, and UTF-8 has no lone
 * surrogates.
 */
export function isUnstorable(value: string): boolean {
  return value.includes("\0") || !value.isWellFormed();
}
