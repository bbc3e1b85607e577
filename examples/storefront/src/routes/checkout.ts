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

async function beginCheckout(visited: PageRequest): Promise<void> {
  const { shop, request, session } = visited;
  const customer = customerOf(shop, session);
  const cart = cartOf(session.data);
  if (cart.pieces === 0) return redirect(visited, "/cart");
  if (!customer) return redirectToLogin(visited, "/checkout");
  if (!isVisitorAction(request, session)) return await showCheckout(visited, cart, { name: customer.name });
  if (session.data.checkoutId === undefined) {
    await session.update((data) => ({ checkoutId: randomUUID(), ...data }));
  }
  const { pieces, total } = cart;
  session.visit.track("begin_checkout", { pieces, total, currency: CURRENCY });
  await showCheckout(visited, cart, { name: customer.name });
}

async function submitCheckout(visited: PageRequest): Promise<void> {
  const { shop, request, session } = visited;
  const customer = customerOf(shop, session);
  if (!customer) return redirectToLogin(visited, "/checkout");
  const checkoutId = formField(request, "checkout");
  const placed = shop.orders.findByCheckout(customer.id, checkoutId);
  if (placed) {
    await completeOrder(session, placed);
    return redirect(visited, `/orders/${placed.id}`);
  }
  const cart = cartOf(session.data);
  if (cart.pieces === 0 || checkoutId === "" || checkoutId !== session.data.checkoutId) {
    session.flash("notice", "This checkout is over. Here is your cart as it is now.");
    return redirect(visited, "/cart");
  }
  await orderCart(visited, customer, cart);
}

async function orderCart(visited: PageRequest, customer: Customer, cart: Cart): Promise<void> {
  const { shop, request, response, session } = visited;
  const refused = async (fault: string) => {
    response.status(422);
    await showCheckout(visited, cart, addressIn(visited), fault);
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
    redirect(visited, `/orders/${id}`);
  } catch (error) {
    if (!(error instanceof CoatcheckError) || error.code !== "VALIDATION_FAILED") throw error;
    await refused(error.message);
  }
}

async function showCheckout(
  visited: PageRequest,
  cart: Cart,
  address: Partial<Address>,
  fault?: string,
): Promise<void> {
  const { checkoutId = "" } = visited.session.data;
  const main = checkoutPage({ cart, checkoutId, address, ...(fault !== undefined && { fault }) });
  await sendPage(visited, { title: "Checkout", main });
}

function addressIn({ request }: PageRequest): Partial<Address> {
  return Object.fromEntries(ADDRESS_FIELDS.map(({ name, max }) => [name, formField(request, name, max)]));
}

async function showOrder(visited: PageRequest): Promise<void> {
  const { shop, request, session } = visited;
  const customer = customerOf(shop, session);
  if (!customer) return redirectToLogin(visited, request.path);
  const placed = shop.orders.find(String(request.params.id), customer.id);
  if (!placed) throw notFoundError();
  await sendPage(visited, { title: `Order ${placed.id}`, main: orderPage(placed) });
}
