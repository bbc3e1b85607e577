import { hash, randomUUID } from "node:crypto";
import { CoatcheckError, type JsonObject } from "coatcheck";
import { type App, answer, failures, success } from "coatcheck-server";
import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import type { Access } from "../access.ts";
import { type Order, order, orders } from "../backend-shapes.ts";
import { NothingThere } from "../nothing-there.ts";
import { orderIn } from "../order-state.ts";
import { numberParams, orderParams, recipientBody } from "../schemas.ts";
import { enterOrBegin, look, type Shop } from "../shop.ts";

/** Placing orders and reading those that were placed, under each of the prefixes. */
export function placedOrderRoutes(app: App, shop: Shop, prefix: string): void {
  const tags = [prefix.includes(":") ? "orders" : "default order"];
  const url = `${prefix}/orders`;

  app.post(
    url,
    {
      schema: {
        summary: "Place the order",
        description:
          "With an `Idempotency-Key`, sending it again answers 200 with the order that is there, also when the session has ended with it.",
        tags,
        params: orderParams,
        body: recipientBody,
        response: { 200: success(order), 201: success(order), ...failures },
      },
    },
    async (request, reply) => {
      const { sessionId } = request.params;
      const key = keyIn(request.headers["idempotency-key"]);
      const again = key && (await placedBefore(shop, request, sessionId, key));
      if (again) return answer(again);
      try {
        const { isNew, order } = await place(shop, request, sessionId, key ?? randomUUID(), request.body);
        reply.code(isNew ? 201 : 200);
        return answer(order);
      } catch (error) {
        // The other half of a double click may have placed the order, and ended the session with it.
        const isGone = error instanceof CoatcheckError && error.code === "SESSION_NOT_FOUND";
        const other = isGone && key && (await placedBefore(shop, request, sessionId, key));
        if (other) return answer(other);
        throw error;
      }
    },
  );

  app.get(
    url,
    {
      schema: {
        summary: "List the orders that were placed in this session, newest first",
        tags,
        params: orderParams,
        response: { 200: success(orders), ...failures },
      },
    },
    async (request) => {
      const access = await look(shop, request, request.params.sessionId);
      if (access === null) return answer({ orders: [] });
      const { orders } = await shop.backend.orders(access.record.id);
      return answer({ orders: orders.map((order) => shownTo(access, order)) });
    },
  );

  app.get(
    `${url}/:number`,
    {
      schema: {
        summary: "Read an order that was placed in this session",
        tags,
        params: numberParams,
        response: { 200: success(order), ...failures },
      },
    },
    async (request) => {
      const { sessionId, number } = request.params;
      const access = await look(shop, request, sessionId);
      if (access === null || !/^[1-9]\d{0,8}$/.test(number)) throw new NothingThere("number");
      return answer(shownTo(access, await shop.backend.order(access.record.id, number)));
    },
  );
}

async function place(
  shop: Shop,
  request: FastifyRequest,
  sessionId: string | undefined,
  key: string,
  { cleanUp = false, ...recipient }: z.output<typeof recipientBody>,
) {
  const access = await enterOrBegin(shop, request, sessionId, "owner");
  const { id } = access.record;
  const deed = { what: "ordered", least: "owner", ifRevision: null } as const;
  const { value } = await shop.changes.atBackend(access, deed, async () => {
    const value = await shop.backend.place(id, key, recipient as JsonObject);
    const done = { value, order: value.order.number };
    if (!cleanUp) return done;
    const placed = { key: hash("sha256", key), order: value.order };
    return { ...done, keep: (state) => ({ ...state, placed, invitations: {}, members: {} }) };
  });
  if (cleanUp) await shop.owned.end(id, "revoked");
  return value;
}

/** The order that was placed with this key, when its session was cleaned up with it: a client may not have heard. */
async function placedBefore(
  { manager, callers, doorkeeper }: Shop,
  request: FastifyRequest,
  sessionId: string | undefined,
  key: string,
): Promise<Order | null> {
  const caller = await callers.creating(request, {});
  const id = sessionId ?? caller.session.record?.data.defaultOrder;
  const record = typeof id === "string" ? await manager.find(id) : null;
  if (record?.state !== "revoked" || doorkeeper.accessOf(caller, record)?.role !== "owner") return null;
  const { placed } = orderIn(record.data);
  return placed?.key === hash("sha256", key) ? (order.safeParse(placed.order).data ?? null) : null;
}

/** Whoever shares an order learns what was eaten, not where its owner lives. */
function shownTo({ role }: Access, order: Order): Order {
  if (role === "owner") return order;
  const { customer, delivery } = order;
  return { ...order, customer: { ...customer, phone: "" }, delivery: { ...delivery, address: null } };
}

function keyIn(given: string | string[] | undefined): string | null {
  if (given === undefined) return null;
  if (typeof given === "string" && /^[\x21-\x7e]{1,100}$/.test(given)) return given;
  throw new CoatcheckError("VALIDATION_FAILED", "The Idempotency-Key will not do.", {
    faults: [{ path: "Idempotency-Key", message: "must be 1 to 100 visible ASCII characters" }],
  });
}
