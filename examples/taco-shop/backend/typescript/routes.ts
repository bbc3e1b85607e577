import type { Kind } from "./cart.ts";
import type { Input } from "./checks.ts";
import { Refusal } from "./refusal.ts";
import type { Shop, ShopResponse } from "./shop.ts";

/** The input of a handler: the idempotency key, and the body, which is parsed only when the handler calls `body()`. */
export interface ShopRequest {
  readonly key: string;
  readonly body: () => Input;
}

/** Handles a request of one visitor. */
export type Handler = (shop: Shop, request: ShopRequest) => ShopResponse;
type HandlersByMethod = Readonly<Record<string, Handler>>;

const ITEM_PATH_PATTERN = /^\/cart\/(tacos|extras|drinks|desserts)(?:\/(0|[1-9]\d{0,8})(\/quantity)?)?$/;
const ORDER_PATH_PATTERN = /^\/orders\/(0|[1-9]\d{0,8})$/;
const METHODS_BY_PATH: Readonly<Record<string, HandlersByMethod>> = {
  "/": { GET: (shop) => shop.renderPage() },
  "/csrf": { GET: (shop) => shop.csrfToken() },
  "/cart": { GET: (shop) => shop.readCart(), DELETE: (shop) => shop.clearCart() },
  "/orders": { GET: (shop) => shop.listOrders(), POST: (shop, { key, body }) => shop.placeOrder(key, body) },
};

/** Finds the handler of a request. Throws 404, or 405 with the allowed methods. */
export function findHandler(method: string, path: string): Handler {
  const methods = methodsAt(path);
  if (!methods) throw new Refusal(404, "not_found", "Path not found.");
  const handler = methods[method];
  if (handler) return handler;
  const headers = { allow: Object.keys(methods).join(", ") };
  throw new Refusal(405, "method_not_allowed", "Method not allowed for this path.", { headers });
}

function methodsAt(path: string): HandlersByMethod | undefined {
  const item = ITEM_PATH_PATTERN.exec(path);
  if (item) return itemMethods(item[1] as Kind, item[2], item[3] !== undefined);
  const order = ORDER_PATH_PATTERN.exec(path);
  if (order) return { GET: (shop) => shop.readOrder(Number(order[1])) };
  return Object.hasOwn(METHODS_BY_PATH, path) ? METHODS_BY_PATH[path] : undefined;
}

function itemMethods(kind: Kind, number: string | undefined, isQuantityPath: boolean): HandlersByMethod {
  const id = Number(number);
  if (number === undefined) return { POST: (shop, { body }) => shop.addItem(kind, body) };
  if (isQuantityPath) return { PATCH: (shop, { body }) => shop.setQuantity(kind, id, body) };
  return {
    GET: (shop) => shop.readItem(kind, id),
    PUT: (shop, { body }) => shop.replaceItem(kind, id, body),
    DELETE: (shop) => shop.removeItem(kind, id),
  };
}
