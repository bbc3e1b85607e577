import { hash, randomUUID } from "node:crypto";
import { CoatcheckError, type JsonObject } from "coatcheck";
import { type App, failures, success, successBody } from "coatcheck-server";
import type { FastifyRequest } from "fastify";
import type { z } from "zod";
import { type Order, order, orders } from "../backend-shapes.ts";
import type { Access } from "../order-access.ts";
import { orderOf } from "../order-state.ts";
import { PathNotFoundError } from "../path-not-found-error.ts";
import { paramsBelow, recipientBody } from "../schemas.ts";
import { openOrCreateOrder, readOrderAccess, type Shop } from "../shop.ts";

type OrderRequest = FastifyRequest<{ Params: { sessionId?: string | undefined } }>;

/**
 * Adds the routes that place orders and read placed orders. `prefix` either contains the order session's id, or
 * addresses the browser's default order session.
 */
export function placedOrderRoutes(app: App, shop: Shop, prefix: string): void {
  const tags = [prefix.includes(":") ? "orders" : "default order"];
  const url = `${prefix}/orders`;
  const params = paramsBelow(prefix);

  app.post(
    url,
    {
      schema: {
        summary: "Place the order",
        description:
          "With an `Idempotency-Key`, a repeated request returns 200 with the order that the first one placed, even if placing it ended the session.",
        tags,
        params: params.order,
        body: recipientBody,
        response: { 200: success(order), 201: success(order), ...failures },
      },
    },
    async (request, reply) => {
      const key = idempotencyKeyIn(request.headers["idempotency-key"]);
      const earlier = key && (await findPlacedOrder(shop, request, key));
      if (earlier) return successBody(earlier);
      try {
        const { isNew, order } = await placeOrder(shop, request, key ?? randomUUID(), request.body);
        reply.code(isNew ? 201 : 200);
        return successBody(order);
      } catch (error) {
        // The first request of a double click may have placed the order and ended the session.
        const isGone = error instanceof CoatcheckError && error.code === "SESSION_NOT_FOUND";
        const concurrent = isGone && key && (await findPlacedOrder(shop, request, key));
        if (concurrent) return successBody(concurrent);
        throw error;
      }
    },
  );

  app.get(
    url,
    {
      schema: {
        summary: "List the orders placed in this session, newest first",
        tags,
        params: params.order,
        response: { 200: success(orders), ...failures },
      },
    },
    async (request) => {
      const access = await readOrderAccess(shop, request, request.params.sessionId);
      if (access === null) return successBody({ orders: [] });
      const { orders } = await shop.backend.listOrders(access.record.id);
      shop.placedOrders.addMissing(access.record.id, orders.toReversed());
      return successBody({ orders: orders.map((order) => hidePrivateFields(access, order)) });
    },
  );

  app.get(
    `${url}/:number`,
    {
      schema: {
        summary: "Read an order placed in this session",
        tags,
        params: params.number,
        response: { 200: success(order), ...failures },
      },
    },
    async (request) => {
      const { sessionId, number } = request.params;
      const access = await readOrderAccess(shop, request, sessionId);
      if (access === null || !/^[1-9]\d{0,8}$/.test(number)) throw new PathNotFoundError("number");
      return successBody(hidePrivateFields(access, await shop.backend.readOrder(access.record.id, number)));
    },
  );
}

async function placeOrder(
  shop: Shop,
  request: OrderRequest,
  key: string,
  { cleanUp = false, ...recipient }: z.output<typeof recipientBody>,
) {
  const access = await openOrCreateOrder(shop, request, request.params.sessionId, "owner");
  const { id } = access.record;
  const change = { what: "ordered", minRole: "owner", ifRevision: null } as const;
  const { value } = await shop.changes.changeAtBackend(access, change, async () => {
    const value = await shop.backend.placeOrder(id, key, recipient as JsonObject);
    const result = { value, order: value.order.number };
    if (!cleanUp) return result;
    const placed = { key: hash("sha256", key), order: value.order };
    return { ...result, changeState: (state) => ({ ...state, placed, invitations: {}, members: {} }) };
  });
  shop.placedOrders.addMissing(id, [value.order]);
  if (cleanUp) await shop.ownedSessions.end(id, "revoked");
  return value;
}

/**
 * Returns the order that an earlier request with this key has placed, if that request also ended the order session
 * (`cleanUp`). A client repeats a request whose response was lost.
 */
async function findPlacedOrder(
  { manager, authenticator, access, placedOrders }: Shop,
  request: OrderRequest,
  key: string,
): Promise<Order | null> {
  const caller = await authenticator.authenticateForCreate(request, {});
  const id = request.params.sessionId ?? caller.session.record?.data.defaultOrder;
  const record = typeof id === "string" ? await manager.find(id) : null;
  if (record?.state !== "revoked" || access.accessOf(caller, record)?.role !== "owner") return null;
  const { placed } = orderOf(record.data);
  if (placed?.key !== hash("sha256", key)) return null;
  const earlier = order.safeParse(placed.order).data ?? null;
  if (earlier) placedOrders.addMissing(record.id, [earlier]);
  return earlier;
}

/** Returns the order. If the caller is a guest, leaves out the owner's telephone number and address. */
function hidePrivateFields({ role }: Access, order: Order): Order {
  if (role === "owner") return order;
  const { customer, delivery } = order;
  return { ...order, customer: { ...customer, phone: "" }, delivery: { ...delivery, address: null } };
}

function idempotencyKeyIn(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  if (typeof header === "string" && /^[\x21-\x7e]{1,100}$/.test(header)) return header;
  const message = "must be 1 to 100 visible ASCII characters";
  throw new CoatcheckError("VALIDATION_FAILED", `Invalid request: Idempotency-Key ${message}.`, {
    faults: [{ path: "Idempotency-Key", message }],
  });
}
