import { randomUUID } from "node:crypto";
import { CoatcheckError } from "coatcheck";
import { Router } from "express";
import { type Cart, cartOf } from "../cart.ts";
import type { Customer } from "../customers.ts";
import { CURRENCY } from "../money.ts";
import type { Address } from "../orders.ts";
import { ADDRESS_FIELDS, checkoutPage, orderPage } from "../pages/checkout.ts";
import { completeOrder, placeOrder, requireAddress } from "../place-order.ts";
import { customerOf, isVisitorAction, type Storefront } from "../storefront.ts";
import { notFoundError } from "./catalog.ts";
import { formField, type PageRequest, redirect, redirectToLogin, sendPage, withSession } from "./respond.ts";

/** Creates the routes of the checkout and of placed orders. */
export function checkoutRoutes(shop: Storefront): Router {
  const router = Router();
  router.get("/checkout", withSession(shop, beginCheckout));
  router.post("/checkout", withSession(shop, submitCheckout));
  router.get("/orders/:id", withSession(shop, showOrder));
  return router;
}

async function beginCheckout(pageRequest: PageRequest): Promise<void> {
  const { shop, request, session } = pageRequest;
  const customer = customerOf(shop, session);
  const cart = cartOf(session.data);
  if (cart.pieces === 0) return redirect(pageRequest, "/cart");
  if (!customer) return redirectToLogin(pageRequest, "/checkout");
  if (!isVisitorAction(request, session))
    return await showCheckout(pageRequest, cart, { name: customer.name });
  if (session.data.checkoutId === undefined) {
    await session.update((data) => ({ checkoutId: randomUUID(), ...data }));
  }
  const { pieces, total } = cart;
  session.visit.track("begin_checkout", { pieces, total, currency: CURRENCY });
  await showCheckout(pageRequest, cart, { name: customer.name });
}

async function submitCheckout(pageRequest: PageRequest): Promise<void> {
  const { shop, request, session } = pageRequest;
  const customer = customerOf(shop, session);
  if (!customer) return redirectToLogin(pageRequest, "/checkout");
  const checkoutId = formField(request, "checkout");
  const placed = shop.orders.findByCheckout(customer.id, checkoutId);
  if (placed) {
    await completeOrder(session, placed);
    return redirect(pageRequest, `/orders/${placed.id}`);
  }
  const cart = cartOf(session.data);
  if (cart.pieces === 0 || checkoutId === "" || checkoutId !== session.data.checkoutId) {
    session.flash("notice", "This checkout is over. Here is your cart as it is now.");
    return redirect(pageRequest, "/cart");
  }
  await orderCart(pageRequest, customer, cart);
}

async function orderCart(pageRequest: PageRequest, customer: Customer, cart: Cart): Promise<void> {
  const { shop, request, response, session } = pageRequest;
  const refused = async (fault: string) => {
    response.status(422);
    await showCheckout(pageRequest, cart, addressIn(pageRequest), fault);
  };
  if (formField(request, "total") !== String(cart.total)) {
    return await refused(
      "Your cart has changed since you opened this page. Check the cart, then order again.",
    );
  }
  try {
    const checkoutId = formField(request, "checkout");
    const address = requireAddress(request.body);
    const { id } = await placeOrder(shop, session, { customer, checkoutId, lines: cart.lines, address });
    redirect(pageRequest, `/orders/${id}`);
  } catch (error) {
    if (!(error instanceof CoatcheckError) || error.code !== "VALIDATION_FAILED") throw error;
    await refused(error.message);
  }
}

async function showCheckout(
  pageRequest: PageRequest,
  cart: Cart,
  address: Partial<Address>,
  fault?: string,
): Promise<void> {
  const { checkoutId = "" } = pageRequest.session.data;
  const main = checkoutPage({ cart, checkoutId, address, ...(fault !== undefined && { fault }) });
  await sendPage(pageRequest, { title: "Checkout", main });
}

function addressIn({ request }: PageRequest): Partial<Address> {
  return Object.fromEntries(ADDRESS_FIELDS.map(({ name, max }) => [name, formField(request, name, max)]));
}

async function showOrder(pageRequest: PageRequest): Promise<void> {
  const { shop, request, session } = pageRequest;
  const customer = customerOf(shop, session);
  if (!customer) return redirectToLogin(pageRequest, request.path);
  const placed = shop.orders.find(String(request.params.id), customer.id);
  if (!placed) throw notFoundError();
  await sendPage(pageRequest, { title: `Order ${placed.id}`, main: orderPage(placed) });
}
