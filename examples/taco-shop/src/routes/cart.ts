import type { JsonObject } from "coatcheck";
import { type App, failures, success, successBody } from "coatcheck-server";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Cart, change, item, KINDS, type Kind } from "../backend-shapes.ts";
import type { ChangeDetails } from "../changes.ts";
import type { Access } from "../order-access.ts";
import { orderOf } from "../order-state.ts";
import { PathNotFoundError } from "../path-not-found-error.ts";
import { cartView, ifMatchHeader, paramsBelow, portionBody, quantityBody, tacoBody } from "../schemas.ts";
import { openOrCreateOrder, readOrderAccess, type Shop } from "../shop.ts";

const changedCart = success(change.extend({ cart: cartView }));
const EMPTY_CART: Cart = { tacos: [], extras: [], drinks: [], desserts: [], itemCount: 0, total: 0 };

/** A change of the cart, with the request to the backend and the data for the history entry. */
interface CartEdit {
  readonly method: "POST" | "PUT" | "PATCH" | "DELETE";
  /** The request path at the backend. */
  readonly path: string;
  readonly json?: JsonObject;
  readonly change: ChangeDetails;
}

type EditRequest = FastifyRequest<{
  Params: { sessionId?: string | undefined };
  Headers: { "if-match"?: string | undefined };
}>;

const tagsOf = (prefix: string) => [prefix.includes(":") ? "cart" : "default order"];

/**
 * Adds the routes of a cart. `prefix` either contains the order session's id, or addresses the browser's default order
 * session.
 */
export function cartRoutes(app: App, shop: Shop, prefix: string): void {
  const tags = tagsOf(prefix);
  const params = paramsBelow(prefix);

  app.get(
    `${prefix}/cart`,
    {
      schema: {
        summary: "Read a cart",
        tags,
        params: params.order,
        response: { 200: success(cartView), ...failures },
      },
    },
    async (request, reply) => {
      const access = await readOrderAccess(shop, request, request.params.sessionId);
      if (access === null) {
        return successBody({ ...EMPTY_CART, sessionId: null, revision: 0, role: "owner" as const });
      }
      // Read the revision before the cart. If the cart changes in between, a later If-Match with the older revision is
      // rejected. If the cart were read first, the later request would overwrite the change.
      const { revision } = orderOf(access.record.data);
      const cart = await shop.backend.readCart(access.record.id);
      return successBody(cartResponse(reply, access, cart, revision));
    },
  );

  app.delete(
    `${prefix}/cart`,
    {
      schema: {
        summary: "Empty a cart",
        tags,
        params: params.order,
        headers: ifMatchHeader,
        response: { 200: changedCart, ...failures },
      },
    },
    async (request, reply) =>
      await edit(shop, request, reply, { method: "DELETE", path: "/cart", change: { what: "emptied" } }),
  );

  for (const kind of KINDS) itemRoutes(app, shop, prefix, kind);
}

function itemRoutes(app: App, shop: Shop, prefix: string, kind: Kind): void {
  const tags = tagsOf(prefix);
  const params = paramsBelow(prefix);
  const body = kind === "tacos" ? tacoBody : portionBody;
  const url = `${prefix}/cart/${kind}`;
  const response = { 200: changedCart, ...failures };
  const headers = ifMatchHeader;

  app.post(
    url,
    {
      schema: {
        summary: `Add an item to the ${kind} in the cart`,
        tags,
        params: params.order,
        headers,
        body,
        response: { 201: changedCart, ...failures },
      },
    },
    async (request, reply) => {
      const path = `/cart/${kind}`;
      const change = { what: "added" } as const;
      const result = await edit(shop, request, reply, { method: "POST", path, json: request.body, change });
      reply.code(201);
      return result;
    },
  );

  app.get(
    `${url}/:item`,
    {
      schema: {
        summary: `Read one of the ${kind}`,
        tags,
        params: params.item,
        response: { 200: success(item), ...failures },
      },
    },
    async (request) => {
      const access = await readOrderAccess(shop, request, request.params.sessionId);
      const id = itemIdOf(request.params.item);
      if (access === null) throw new PathNotFoundError("item");
      return successBody(await shop.backend.readItem(access.record.id, `/cart/${kind}/${id}`));
    },
  );

  app.put(
    `${url}/:item`,
    {
      schema: { summary: `Replace one of the ${kind}`, tags, params: params.item, headers, body, response },
    },
    async (request, reply) => {
      const id = itemIdOf(request.params.item);
      const path = `/cart/${kind}/${id}`;
      const change = { what: "replaced", item: { kind, id } } as const;
      return await edit(shop, request, reply, { method: "PUT", path, json: request.body, change });
    },
  );

  quantityRoute(app, shop, prefix, kind);

  app.delete(
    `${url}/:item`,
    { schema: { summary: `Remove one of the ${kind}`, tags, params: params.item, headers, response } },
    async (request, reply) => {
      const id = itemIdOf(request.params.item);
      const path = `/cart/${kind}/${id}`;
      const change = { what: "removed", item: { kind, id } } as const;
      return await edit(shop, request, reply, { method: "DELETE", path, change });
    },
  );
}

function quantityRoute(app: App, shop: Shop, prefix: string, kind: Kind): void {
  app.patch(
    `${prefix}/cart/${kind}/:item/quantity`,
    {
      schema: {
        summary: `Change the quantity of one of the ${kind}`,
        tags: tagsOf(prefix),
        params: paramsBelow(prefix).item,
        headers: ifMatchHeader,
        body: quantityBody,
        response: { 200: changedCart, ...failures },
      },
    },
    async (request, reply) => {
      const id = itemIdOf(request.params.item);
      const path = `/cart/${kind}/${id}/quantity`;
      const change = { what: "quantity", item: { kind, id } } as const;
      return await edit(shop, request, reply, { method: "PATCH", path, json: request.body, change });
    },
  );
}

async function edit(
  shop: Shop,
  request: EditRequest,
  reply: FastifyReply,
  { method, path, json, change }: CartEdit,
) {
  const access = await openOrCreateOrder(shop, request, request.params.sessionId, "edit");
  const ifRevision = revisionIn(request.headers["if-match"]);
  const { value, revision } = await shop.changes.changeAtBackend(
    access,
    { ...change, minRole: "edit", ifRevision },
    async () => {
      const value = await shop.backend.changeCart(access.record.id, method, path, json);
      const isAdded = change.what === "added" && value.item !== null;
      const item =
        isAdded && value.item ? { kind: path.slice("/cart/".length), id: value.item.id } : change.item;
      return { value, item };
    },
  );
  return successBody({ item: value.item, cart: cartResponse(reply, access, value.cart, revision) });
}

/** Sets the `ETag` and returns the cart with the fields that the shop adds. */
function cartResponse(reply: FastifyReply, { record, role }: Access, cart: Cart, revision: number) {
  reply.header("etag", `"${revision}"`);
  return { ...cart, sessionId: record.id, revision, role };
}

function revisionIn(ifMatch: string | undefined): number | null {
  return ifMatch === undefined || ifMatch === "*" ? null : Number(ifMatch.slice(1, -1));
}

/** Reads an item id. Accepts only decimal digits without leading zeros, so that each item has only one URL. */
function itemIdOf(text: string): number {
  if (!/^(0|[1-9]\d{0,8})$/.test(text)) throw new PathNotFoundError("item");
  return Number(text);
}
