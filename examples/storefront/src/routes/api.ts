import { randomUUID } from "node:crypto";
import { CoatcheckError } from "coatcheck";
import { requireSubject } from "coatcheck/express";
import { Router } from "express";
import { type CartLine, cartOf, createLine, parseQuantity } from "../cart.ts";
import { findProduct, findVariant } from "../catalog/catalog.ts";
import { PRODUCTS, type Product } from "../catalog/products.ts";
import { logIn } from "../log-in.ts";
import { CURRENCY } from "../money.ts";
import { placeOrder, requireAddress } from "../place-order.ts";
import { customerOf, flushVisits, type Storefront } from "../storefront.ts";
import { requireProduct, sendProduct, sendProducts, trackProductView } from "./catalog.ts";
import { type PageRequest, withSession } from "./respond.ts";

/** Creates the routes of the JSON API. The two product routes send an HTML page to a client that prefers HTML. */
export function apiRoutes(shop: Storefront): Router {
  const router = Router();
  router.get(
    "/products",
    withSession(shop, async (pageRequest) => {
      if (prefersHtml(pageRequest)) return await sendProducts(pageRequest);
      pageRequest.response.json({ success: true, data: PRODUCTS.map(productBody) });
    }),
  );
  router.get(
    "/products/:id",
    withSession(shop, async (pageRequest) => {
      const product = requireProduct(pageRequest);
      if (prefersHtml(pageRequest)) return await sendProduct(pageRequest, product);
      trackProductView(pageRequest, product);
      pageRequest.response.json({ success: true, data: productBody(product) });
    }),
  );
  router.get("/session", withSession(shop, sendSession));
  router.post(
    "/auth/login",
    withSession(shop, async (pageRequest) => {
      await logIn(shop, pageRequest.request, pageRequest.session, credentialsOf(pageRequest));
      await sendSession(pageRequest);
    }),
  );
  router.post("/orders", requireSubject(), withSession(shop, submitOrder));
  return router;
}

function prefersHtml({ request }: PageRequest): boolean {
  return request.accepts(["json", "html"]) === "html";
}

function productBody({ id, hook, name, kind, price, summary, colours, sizes }: Product) {
  return { id, hook, name, kind, price, currency: CURRENCY, summary, colours, sizes };
}

/** Sends the session and its visit, with the page views and orders that are already stored. */
async function sendSession({ shop, response, session }: PageRequest): Promise<void> {
  const { record, visit, subject } = session;
  if (record === null) {
    response.json({ success: true, data: null });
    return;
  }
  await flushVisits(shop);
  const { events } = await shop.questions.sessionTimeline(record.id, { limit: 1000 });
  const { visitorId, conversion } = record;
  const data = {
    sessionId: record.id,
    visitorId,
    type: subject === null ? "ANONYMOUS" : "CUSTOMER",
    customerId: subject,
    pageViews: events.filter(({ type }) => type === "page_view").length,
    converted: conversion !== null,
    orderId: conversion?.orderId ?? null,
    attribution: visit.source,
  };
  response.json({ success: true, data });
}

function credentialsOf({ request: { body } }: PageRequest) {
  const { email, password }: { email?: unknown; password?: unknown } = body ?? {};
  if (typeof email === "string" && typeof password === "string") return { email, password };
  throw validationError("email", "email and password must be strings");
}

/** Places an order. A repeated request with the same `Idempotency-Key` returns the first order. */
async function submitOrder({ shop, request, response, session }: PageRequest): Promise<void> {
  const customer = customerOf(shop, session);
  if (!customer)
    throw new CoatcheckError("SESSION_REQUIRED", "This account was deleted. Log in with another account.");
  const key = request.get("idempotency-key");
  if (key !== undefined && !/^[\x21-\x7e]{1,128}$/.test(key)) {
    throw validationError("Idempotency-Key", "must have 1 to 128 ASCII characters without spaces");
  }
  const body: { items?: unknown; shippingAddress?: unknown } = request.body ?? {};
  const checkoutId = key === undefined ? randomUUID() : `api:${key}`;
  const isRepeated = shop.orders.findByCheckout(customer.id, checkoutId) !== null;
  const lines = isRepeated ? [] : requireLines(body.items ?? cartItems(session.data));
  const address = requireAddress(body.shippingAddress, "shippingAddress.");
  const order = await placeOrder(shop, session, { customer, checkoutId, lines, address });
  if (body.items === undefined && !isRepeated) await session.update(() => ({}));
  const { id: orderId, total, currency, placedAt } = order;
  const data = { orderId, total, currency, placedAt: new Date(placedAt).toISOString(), lines: order.lines };
  response.status(isRepeated ? 200 : 201).json({ success: true, data });
}

function cartItems(data: Parameters<typeof cartOf>[0]): unknown[] {
  return cartOf(data).lines.map(({ product, colour, size, quantity }) => ({
    productId: product.id,
    colour,
    size,
    quantity,
  }));
}

function requireLines(items: unknown): readonly CartLine[] {
  if (!Array.isArray(items) || items.length === 0 || items.length > 40) {
    throw validationError(
      "items",
      "items must be a list of 1 to 40 lines; omit items to order the cart, which must not be empty",
    );
  }
  return items.map((item: unknown, index) => requireLine(item, `items.${index}`));
}

function requireLine(item: unknown, path: string): CartLine {
  const given = (typeof item === "object" && item !== null ? item : {}) as Record<string, unknown>;
  const product = findProduct(String(given.productId));
  if (!product) throw validationError(`${path}.productId`, "this product does not exist");
  const { colour = product.colours[0], size = product.sizes[0], quantity = 1 } = given;
  const variant = findVariant(product, colour, size);
  if (!variant) throw validationError(path, `${product.id} is not available in this colour and size`);
  const pieces = parseQuantity(quantity, 1);
  if (pieces === null)
    throw validationError(`${path}.quantity`, "the quantity must be a whole number from 1 to 20");
  return createLine(variant, pieces);
}

function validationError(path: string, message: string): CoatcheckError {
  const text = `Invalid request: ${message}.`;
  return new CoatcheckError("VALIDATION_FAILED", text, { faults: [{ path, message }] });
}
