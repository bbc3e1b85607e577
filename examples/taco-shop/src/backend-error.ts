import { CoatcheckError, type Fault, type JsonValue } from "coatcheck";
import { z } from "zod";
import { PathNotFoundError } from "./path-not-found-error.ts";

/** The path parameter that names the missing resource if the backend responds `not_found`. */
export type MissingResource = "item" | "number";

const name = z.object({ en: z.string() });

const errorBody = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    fields: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    items: z.array(z.object({ product: z.string(), name, wanted: z.number(), left: z.number() })).optional(),
  }),
});

/** The error of a request that the backend rejected without changing anything. */
class RejectedByBackend extends CoatcheckError {}

/**
 * Returns whether the error proves that the backend changed nothing. A timeout proves nothing, because the backend may
 * have performed the change.
 */
export function provesNoBackendChange(error: unknown): boolean {
  return error instanceof RejectedByBackend || error instanceof PathNotFoundError || isSessionLost(error);
}

/**
 * Returns whether the backend has deleted the session and its cart, and therefore rejected the request's CSRF token.
 */
export function isSessionLost(error: unknown): boolean {
  return error instanceof CoatcheckError && error.code === "UPSTREAM_SESSION_LOST";
}

/**
 * Translates an error response of the backend into the shop's error. An unknown code becomes `UPSTREAM_UNAVAILABLE`:
 * the customer's input is not at fault.
 */
export function backendError(status: number, body: JsonValue, missing: MissingResource): CoatcheckError {
  const { error } = errorBody.safeParse(body).data ?? {};
  switch (error?.code) {
    case "validation":
      return new RejectedByBackend("VALIDATION_FAILED", error.message, { faults: error.fields ?? [] });
    case "not_found":
      return new PathNotFoundError(missing);
    case "out_of_stock": {
      const faults = (error.items ?? []).map(
        ({ product, name, wanted, left }): Fault => ({
          path: `stock.${product}`,
          message: `${name.en}: ${wanted} wanted, ${left} left`,
        }),
      );
      const names = (error.items ?? []).map(({ name }) => name.en).join(", ");
      return new RejectedByBackend("CONFLICT", `Not enough left: ${names}.`, { faults });
    }
    case "cart_empty":
    case "cart_full":
      return new RejectedByBackend("CONFLICT", error.message, {
        faults: [{ path: "cart", message: error.code === "cart_empty" ? "is empty" : "is full" }],
      });
    case "key_reused":
      return new RejectedByBackend("CONFLICT", error.message, {
        faults: [{ path: "Idempotency-Key", message: "was used for another order" }],
      });
    default:
      return new CoatcheckError(
        "UPSTREAM_UNAVAILABLE",
        "The shop's backend rejected the request with an unknown error code. See the server's log.",
        {
          cause: new Error(`status ${status}, code ${error?.code ?? "none"}`),
        },
      );
  }
}
