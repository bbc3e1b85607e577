import { Router } from "express";
import {
  type CartLine,
  cartOf,
  createLine,
  MAX_QUANTITY,
  parseQuantity,
  withAdded,
  withQuantity,
} from "../cart.ts";
import { findProduct, findVariant } from "../catalog/catalog.ts";
import { CURRENCY } from "../money.ts";
import { cartPage } from "../pages/cart.ts";
import type { Storefront } from "../storefront.ts";
import { notFoundError } from "./catalog.ts";
import { formField, type PageRequest, redirect, sendPage, withSession } from "./respond.ts";

/** Creates the routes of the cart page and of the forms that change the cart. */
export function cartRoutes(shop: Storefront): Router {
  const router = Router();
  router.get(
    "/cart",
    withSession(shop, async (pageRequest) =>
      sendPage(pageRequest, { title: "Cart", main: cartPage(cartOf(pageRequest.session.data)) }),
    ),
  );
  router.post("/cart", withSession(shop, addToCart));
  router.post("/cart/change", withSession(shop, changeQuantity));
  return router;
}

async function addToCart(pageRequest: PageRequest): Promise<void> {
  const { request, session } = pageRequest;
  const product = findProduct(formField(request, "product"));
  if (!product) throw notFoundError();
  const variant = findVariant(product, formField(request, "colour"), formField(request, "size"));
  const quantity = parseQuantity(formField(request, "quantity"), 1);
  if (!variant || quantity === null) {
    session.flash("notice", `Choose a colour, a size, and a quantity from 1 to ${MAX_QUANTITY}.`);
    return redirect(pageRequest, `/products/${product.id}`);
  }
  await session.update((data) => withAdded(data, variant, quantity));
  trackLine(pageRequest, "add_to_cart", createLine(variant, quantity));
  session.flash("notice", `${product.name} is in your cart.`);
  redirect(pageRequest, "/cart");
}

async function changeQuantity(pageRequest: PageRequest): Promise<void> {
  const { request, session } = pageRequest;
  const line = cartOf(session.data).lines.find(({ key }) => key === formField(request, "line"));
  const quantity = parseQuantity(formField(request, "quantity"), 0);
  if (quantity === null) {
    session.flash("notice", `The quantity must be a whole number from 0 to ${MAX_QUANTITY}.`);
  } else if (line) {
    await session.update((data) => withQuantity(data, line.key, quantity));
    trackChange(pageRequest, line, quantity - line.quantity);
    if (quantity === 0) session.flash("notice", `${line.product.name} is no longer in your cart.`);
  }
  redirect(pageRequest, "/cart");
}

function trackChange(pageRequest: PageRequest, line: CartLine, difference: number): void {
  if (difference === 0) return;
  const type = difference > 0 ? "add_to_cart" : "remove_from_cart";
  trackLine(pageRequest, type, createLine(line, Math.abs(difference)));
}

function trackLine(
  { session }: PageRequest,
  type: "add_to_cart" | "remove_from_cart",
  { product, colour, size, quantity }: CartLine,
): void {
  const { id: productId, price } = product;
  session.visit.track(type, { productId, price, currency: CURRENCY, colour, size, quantity });
}
