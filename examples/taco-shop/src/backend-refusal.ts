import { CoatcheckError, type Fault, type JsonValue } from "coatcheck";
import { z } from "zod";
import { NothingThere } from "./nothing-there.ts";

/** Which part of the path it is that names nothing, when the backend says so. */
export type WhatIsMissing = "item" | "number";

const name = z.object({ en: z.string() });

const refusal = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    fields: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    items: z.array(z.object({ product: z.string(), name, wanted: z.number(), left: z.number() })).optional(),
  }),
});

/** The backend has said no: nothing was done. */
class Refused extends CoatcheckError {}

/** Whether it is certain that the backend did nothing. Of a request without an answer nobody knows. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Refused || error instanceof NothingThere;
}

/** What the backend's refusal is called here. One that nobody has heard of is the backend's fault, not the customer's. */
export function refused(status: number, body: JsonValue, missing: WhatIsMissing): CoatcheckError {
  const { error } = refusal.safeParse(body).data ?? {};
  switch (error?.code) {
    case "validation":
      return new Refused("VALIDATION_FAILED", error.message, { faults: error.fields ?? [] });
    case "not_found":
      return new NothingThere(missing);
    case "out_of_stock": {
      const faults = (error.items ?? []).map(
        ({ product, name, wanted, left }): Fault => ({
          path: `stock.${product}`,
          message: `${name.en}: ${wanted} wanted, ${left} left`,
        }),
      );
      const names = (error.items ?? []).map(({ name }) => name.en).join(", ");
      return new Refused("CONFLICT", `Not enough left: ${names}.`, { faults });
    }
    case "cart_empty":
    case "cart_full":
      return new Refused("CONFLICT", error.message, {
        faults: [{ path: "cart", message: error.code === "cart_empty" ? "is empty" : "is full" }],
      });
    case "key_reused":
      return new Refused("CONFLICT", error.message, {
        faults: [{ path: "Idempotency-Key", message: "was used for another order" }],
      });
    default:
      return new CoatcheckError(
        "UPSTREAM_UNAVAILABLE",
        "The shop's backend refused for reasons of its own.",
        {
          cause: new Error(`status ${status}, code ${error?.code ?? "none"}`),
        },
      );
  }
}
