import { CoatcheckError, type JsonValue, type SessionManager } from "coatcheck";
import { stateInSession, type Upstream, type UpstreamAnswer, type UpstreamRequest } from "coatcheck/gateway";
import type { z } from "zod";
import { whileThere } from "./access.ts";
import { refused, type WhatIsMissing } from "./backend-refusal.ts";
import { cart, change, item, menu, order, orders, stock } from "./backend-shapes.ts";
import { atBackend } from "./backend-time.ts";

/** The shop that the gateway fronts, asked for one order session at a time. Its refusals arrive as our errors. */
export class Backend {
  readonly #upstream: Upstream;
  readonly #manager: SessionManager;

  constructor(upstream: Upstream, manager: SessionManager) {
    this.#upstream = upstream;
    this.#manager = manager;
  }

  async cart(sessionId: string) {
    return await this.#ask(sessionId, { method: "GET", path: "/cart" }, cart, "item");
  }

  async item(sessionId: string, path: string) {
    return await this.#ask(sessionId, { method: "GET", path }, item, "item");
  }

  /** Changes the cart; `path` says where. */
  async change(
    sessionId: string,
    method: "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    json?: JsonValue,
  ) {
    const body = json === undefined ? {} : { body: { json } };
    return await this.#ask(sessionId, { method, path, ...body }, change, "item");
  }

  /** Places the order; with a key that was used before, finds the one that it placed. */
  async place(sessionId: string, key: string, json: JsonValue) {
    const request = { path: "/orders", headers: { "Idempotency-Key": key }, body: { json } };
    const answer = await this.#send(sessionId, { method: "POST", ...request }, "number");
    return { isNew: answer.status === 201, order: shaped(answer, order) };
  }

  async orders(sessionId: string) {
    return await this.#ask(sessionId, { method: "GET", path: "/orders" }, orders, "number");
  }

  async order(sessionId: string, number: string) {
    return await this.#ask(sessionId, { method: "GET", path: `/orders/${number}` }, order, "number");
  }

  async menu() {
    return shaped(await this.#list("/menu"), menu);
  }

  async stock() {
    return shaped(await this.#list("/stock"), stock);
  }

  async #list(path: string): Promise<UpstreamAnswer> {
    return await atBackend(() => this.#upstream.ask({ method: "GET", path }));
  }

  async #ask<Shape extends z.ZodType>(
    sessionId: string,
    request: UpstreamRequest,
    shape: Shape,
    missing: WhatIsMissing,
  ): Promise<z.output<Shape>> {
    return shaped(await this.#send(sessionId, request, missing), shape);
  }

  async #send(sessionId: string, request: UpstreamRequest, missing: WhatIsMissing): Promise<UpstreamAnswer> {
    const state = stateInSession(this.#manager, sessionId);
    const answer = await atBackend(() => whileThere(sessionId, () => this.#upstream.request(state, request)));
    if (answer.status >= 400) throw refused(answer.status, answer.json(), missing);
    return answer;
  }
}

function shaped<Shape extends z.ZodType>(answer: UpstreamAnswer, shape: Shape): z.output<Shape> {
  const result = shape.safeParse(answer.json());
  if (answer.status < 300 && result.success) return result.data;
  throw new CoatcheckError("UPSTREAM_UNAVAILABLE", "The shop's backend answered something unexpected.", {
    cause: result.error ?? new Error(`status ${answer.status}`),
  });
}
