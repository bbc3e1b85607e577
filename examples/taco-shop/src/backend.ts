import { type Clock, CoatcheckError, type JsonValue, type SessionManager } from "coatcheck";
import {
  stateInSession,
  type Upstream,
  type UpstreamOptions,
  type UpstreamRequest,
  type UpstreamResponse,
} from "coatcheck/gateway";
import type { z } from "zod";
import { backendError, isSessionLost, type MissingResource } from "./backend-error.ts";
import { cart, change, item, menu, order, orders, stock } from "./backend-shapes.ts";
import { measureBackendTime } from "./backend-time.ts";
import { withEndedAsNotFound } from "./order-access.ts";
import { withCartLost, withOrder } from "./order-state.ts";

/** Options of the gateway between the shop and its backend. */
export const BACKEND_OPTIONS = {
  csrf: { path: "/csrf", source: { json: "csrfToken" }, sendAs: { header: "X-CSRF-Token" } },
  session: { cookie: "PHPSESSID" },
} as const satisfies Partial<UpstreamOptions>;

/**
 * A client of the backend. Each call passes through the gateway, which adds the backend cookies and CSRF token of one
 * order session. Error responses of the backend are thrown as `CoatcheckError`.
 */
export class Backend {
  readonly #upstream: Upstream;
  readonly #manager: SessionManager;
  readonly #clock: Clock;

  constructor(upstream: Upstream, manager: SessionManager, clock: Clock) {
    this.#upstream = upstream;
    this.#manager = manager;
    this.#clock = clock;
  }

  async readCart(sessionId: string) {
    return await this.#request(sessionId, { method: "GET", path: "/cart" }, cart, "item");
  }

  async readItem(sessionId: string, path: string) {
    return await this.#request(sessionId, { method: "GET", path }, item, "item");
  }

  /** Changes the cart. `path` is the path of the cart or item at the backend. */
  async changeCart(
    sessionId: string,
    method: "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    json?: JsonValue,
  ) {
    const body = json === undefined ? {} : { body: { json } };
    return await this.#request(sessionId, { method, path, ...body }, change, "item");
  }

  /** Places the order. If the idempotency key was used before, returns its order, with `isNew` false. */
  async placeOrder(sessionId: string, key: string, json: JsonValue) {
    const request = { path: "/orders", headers: { "Idempotency-Key": key }, body: { json } };
    const response = await this.#send(sessionId, { method: "POST", ...request }, "number");
    return { isNew: response.status === 201, order: parseResponse(response, order) };
  }

  async listOrders(sessionId: string) {
    return await this.#request(sessionId, { method: "GET", path: "/orders" }, orders, "number");
  }

  async readOrder(sessionId: string, number: string) {
    return await this.#request(sessionId, { method: "GET", path: `/orders/${number}` }, order, "number");
  }

  async readMenu() {
    return parseResponse(await this.#getWithoutSession("/menu"), menu);
  }

  async readStock() {
    return parseResponse(await this.#getWithoutSession("/stock"), stock);
  }

  async #getWithoutSession(path: string): Promise<UpstreamResponse> {
    return await measureBackendTime(() => this.#upstream.requestWithoutSession({ method: "GET", path }));
  }

  async #request<Shape extends z.ZodType>(
    sessionId: string,
    request: UpstreamRequest,
    shape: Shape,
    missing: MissingResource,
  ): Promise<z.output<Shape>> {
    return parseResponse(await this.#send(sessionId, request, missing), shape);
  }

  async #send(
    sessionId: string,
    request: UpstreamRequest,
    missing: MissingResource,
  ): Promise<UpstreamResponse> {
    const state = stateInSession(this.#manager, sessionId);
    const response = await measureBackendTime(() =>
      withEndedAsNotFound(sessionId, () => this.#upstream.request(state, request)),
    ).catch(async (error: unknown) => {
      if (isSessionLost(error)) await this.#recordLoss(sessionId);
      throw error;
    });
    if (response.status >= 400) throw backendError(response.status, response.json(), missing);
    return response;
  }

  /** Adds the loss of the cart to the order's history. The new entry increments the order's revision. */
  async #recordLoss(sessionId: string): Promise<void> {
    const now = this.#clock.now();
    await withEndedAsNotFound(sessionId, () =>
      this.#manager.update(sessionId, (data) => withOrder(data, (order) => withCartLost(order, now))),
    );
  }
}

function parseResponse<Shape extends z.ZodType>(response: UpstreamResponse, shape: Shape): z.output<Shape> {
  const result = shape.safeParse(response.json());
  if (response.status < 300 && result.success) return result.data;
  throw new CoatcheckError(
    "UPSTREAM_UNAVAILABLE",
    "The shop's backend sent a response of an unexpected format. Retry later.",
    {
      cause: result.error ?? new Error(`status ${response.status}`),
    },
  );
}
