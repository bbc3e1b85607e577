import type { JsonObject } from "coatcheck";
import { type App, answer, failures, success } from "coatcheck-server";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Access } from "../access.ts";
import { type Cart, change, item, KINDS, type Kind } from "../backend-shapes.ts";
import type { Deed } from "../changes.ts";
import { NothingThere } from "../nothing-there.ts";
import { orderIn } from "../order-state.ts";
import {
  cartView,
  ifMatchHeader,
  itemParams,
  orderParams,
  portionBody,
  quantityBody,
  tacoBody,
} from "../schemas.ts";
import { enterOrBegin, look, type Shop } from "../shop.ts";

const changed = success(change.extend({ cart: cartView }));
const EMPTY: Cart = { tacos: [], extras: [], drinks: [], desserts: [], itemCount: 0, total: 0 };

/** An edit, as the routes have it. */
interface Edit {
  readonly method: "POST" | "PUT" | "PATCH" | "DELETE";
  /** At the backend. */
  readonly path: string;
  readonly json?: JsonObject;
  readonly deed: Deed;
}

/** Carts, under each of the prefixes: with the order session's id, and without one for the browser's default order. */
export function cartRoutes(app: App, shop: Shop, prefix: string): void {
  const tags = [prefix.includes(":") ? "cart" : "default order"];

  app.get(
    `${prefix}/cart`,
    {
      schema: {
        summary: "Read a cart",
        tags,
        params: orderParams,
        response: { 200: success(cartView), ...failures },
      },
    },
    async (request, reply) => {
      const access = await look(shop, request, request.params.sessionId);
      if (access === null) {
        return answer({ ...EMPTY, sessionId: null, revision: 0, role: "owner" as const });
      }
      // The revision first: a cart that is newer than it says is found out by If-Match, an older one would not be.
      const { revision } = orderIn(access.record.data);
      const cart = await shop.backend.cart(access.record.id);
      return answer(shown(reply, access, cart, revision));
    },
  );

  app.delete(
    `${prefix}/cart`,
    {
      schema: {
        summary: "Empty a cart",
        tags,
        params: orderParams,
        headers: ifMatchHeader,
        response: { 200: changed, ...failures },
      },
    },
    async (request, reply) =>
      await edit(shop, request, reply, { method: "DELETE", path: "/cart", deed: { what: "emptied" } }),
  );

  for (const kind of KINDS) itemRoutes(app, shop, prefix, kind, tags);
}

function itemRoutes(app: App, shop: Shop, prefix: string, kind: Kind, tags: string[]): void {
  const body = kind === "tacos" ? tacoBody : portionBody;
  const url = `${prefix}/cart/${kind}`;
  const response = { 200: changed, ...failures };
  const headers = ifMatchHeader;

  app.post(
    url,
    {
      schema: {
        summary: `Put something of the ${kind} into the cart`,
        tags,
        params: orderParams,
        headers,
        body,
        response: { 201: changed, ...failures },
      },
    },
    async (request, reply) => {
      const path = `/cart/${kind}`;
      const done = await edit(shop, request, reply, {
        method: "POST",
        path,
        json: request.body,
        deed: { what: "added" },
      });
      reply.code(201);
      return done;
    },
  );

  app.get(
    `${url}/:item`,
    {
      schema: {
        summary: `Read one of the ${kind}`,
        tags,
        params: itemParams,
        response: { 200: success(item), ...failures },
      },
    },
    async (request) => {
      const access = await look(shop, request, request.params.sessionId);
      const id = itemIdOf(request.params.item);
      if (access === null) throw new NothingThere("item");
      return answer(await shop.backend.item(access.record.id, `/cart/${kind}/${id}`));
    },
  );

  app.put(
    `${url}/:item`,
    {
      schema: { summary: `Replace one of the ${kind}`, tags, params: itemParams, headers, body, response },
    },
    async (request, reply) => {
      const id = itemIdOf(request.params.item);
      const path = `/cart/${kind}/${id}`;
      const deed = { what: "replaced", item: { kind, id } } as const;
      return await edit(shop, request, reply, { method: "PUT", path, json: request.body, deed });
    },
  );

  app.patch(
    `${url}/:item/quantity`,
    {
      schema: {
        summary: `Change how many of one of the ${kind}`,
        tags,
        params: itemParams,
        headers,
        body: quantityBody,
        response,
      },
    },
    async (request, reply) => {
      const id = itemIdOf(request.params.item);
      const path = `/cart/${kind}/${id}/quantity`;
      const deed = { what: "quantity", item: { kind, id } } as const;
      return await edit(shop, request, reply, { method: "PATCH", path, json: request.body, deed });
    },
  );

  app.delete(
    `${url}/:item`,
    { schema: { summary: `Remove one of the ${kind}`, tags, params: itemParams, headers, response } },
    async (request, reply) => {
      const id = itemIdOf(request.params.item);
      const path = `/cart/${kind}/${id}`;
      const deed = { what: "removed", item: { kind, id } } as const;
      return await edit(shop, request, reply, { method: "DELETE", path, deed });
    },
  );
}

async function edit(
  shop: Shop,
  request: FastifyRequest<{
    Params: { sessionId?: string | undefined };
    Headers: { "if-match"?: string | undefined };
  }>,
  reply: FastifyReply,
  { method, path, json, deed }: Edit,
) {
  const access = await enterOrBegin(shop, request, request.params.sessionId, "edit");
  const ifRevision = revisionIn(request.headers["if-match"]);
  const { value, revision } = await shop.changes.atBackend(
    access,
    { ...deed, least: "edit", ifRevision },
    async () => {
      const value = await shop.backend.change(access.record.id, method, path, json);
      const added = deed.what === "added" && value.item !== null;
      const item = added && value.item ? { kind: path.slice("/cart/".length), id: value.item.id } : deed.item;
      return { value, item };
    },
  );
  return answer({ item: value.item, cart: shown(reply, access, value.cart, revision) });
}

function shown(reply: FastifyReply, { record, role }: Access, cart: Cart, revision: number) {
  reply.header("etag", `"${revision}"`);
  return { ...cart, sessionId: record.id, revision, role };
}

function revisionIn(ifMatch: string | undefined): number | null {
  return ifMatch === undefined || ifMatch === "*" ? null : Number(ifMatch.slice(1, -1));
}

/** Plain decimal digits; in any other spelling an id names nothing. */
function itemIdOf(text: string): number {
  if (!/^(0|[1-9]\d{0,8})$/.test(text)) throw new NothingThere("item");
  return Number(text);
}
