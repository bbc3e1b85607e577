import { CoatcheckError, type Fault, invalidInputError } from "../session/errors.ts";
import { isJsonObject } from "../session/json.ts";
import { requireKnownOptions } from "../session/known-options.ts";
import type { ConvertedOrder } from "../session/session-visit.ts";
import { describeValue } from "../session/usage-error.ts";

const ORDER_FIELDS = { orderId: true, revenue: true, currency: true } as const;

/** Longest order id, in characters. */
const MAX_ORDER_ID_LENGTH = 128;

/** ISO 4217 codes that this version of Node knows. */
const CURRENCIES = new Set(Intl.supportedValuesOf("currency"));

/**
 * Validates an order.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` with a path for each fault; UsageError for an unknown field.
 */
export function requireOrder(order: ConvertedOrder): ConvertedOrder {
  if (isJsonObject(order)) requireKnownOptions("order", order, ORDER_FIELDS);
  const { orderId, revenue, currency }: Partial<Record<string, unknown>> = isJsonObject(order) ? order : {};
  const faults: Fault[] = [];
  if (typeof orderId !== "string" || orderId === "" || orderId.length > MAX_ORDER_ID_LENGTH) {
    faults.push({ path: "orderId", message: `must be 1 to ${MAX_ORDER_ID_LENGTH} characters` });
  } else if (!orderId.isWellFormed()) {
    faults.push({ path: "orderId", message: "must be well-formed text" });
  }
  if (!Number.isSafeInteger(revenue) || (revenue as number) < 0) {
    const message = `must be a whole number of minor units, 0 or more (got ${describeValue(revenue)})`;
    faults.push({ path: "revenue", message });
  }
  if (typeof currency !== "string" || !CURRENCIES.has(currency)) {
    faults.push({
      path: "currency",
      message: `must be an ISO 4217 code such as EUR (got ${describeValue(currency)})`,
    });
  }
  if (faults.length > 0) throw invalidInputError("order", faults);
  return { orderId, revenue, currency } as ConvertedOrder;
}

/** Returns the error for an order that was reported before with another amount or by another session. */
export function orderConflictError(reason: "amount" | "session"): CoatcheckError {
  const message =
    reason === "amount"
      ? "This order was already reported with another amount. Only the first report is stored."
      : "This order was already reported from another session. Only the first report is stored.";
  return new CoatcheckError("CONFLICT", message);
}
