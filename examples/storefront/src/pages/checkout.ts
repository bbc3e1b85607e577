import type { Cart } from "../cart.ts";
import { COLOURS } from "../catalog/products.ts";
import { type Html, html } from "../html.ts";
import { formatAmount, formatPrice } from "../money.ts";
import type { Address, PlacedOrder } from "../orders.ts";
import { renderFault } from "./login.ts";

/** The fields of the address form. `autocomplete` helps browsers to fill in a field. */
export const ADDRESS_FIELDS = [
  { name: "name", label: "Name", autocomplete: "name", max: 80 },
  { name: "street", label: "Street and number", autocomplete: "street-address", max: 120 },
  { name: "postalCode", label: "Postal code", autocomplete: "postal-code", max: 12 },
  { name: "city", label: "City", autocomplete: "address-level2", max: 80 },
  { name: "country", label: "Country", autocomplete: "country-name", max: 80 },
] as const satisfies readonly { readonly name: keyof Address; [hint: string]: unknown }[];

/** The data on the checkout page. */
export interface CheckoutContent {
  readonly cart: Cart;
  readonly checkoutId: string;
  readonly address: Partial<Address>;
  readonly fault?: string;
}

/** Renders the checkout. The form contains the checkout id, so that sending the form twice places one order. */
export function checkoutPage({ cart, checkoutId, address, fault }: CheckoutContent): Html {
  return html`<h1>Checkout</h1>
${renderFault(fault)}
<div class="checkout">
<form method="post" action="/checkout" class="fields">
<h2>Where to</h2>
<input type="hidden" name="checkout" value="${checkoutId}"><input type="hidden" name="total" value="${cart.total}">
${ADDRESS_FIELDS.map(
  ({ name, label, autocomplete, max }) => html`<label for="${name}">${label}</label>
<input id="${name}" name="${name}" autocomplete="${autocomplete}" maxlength="${max}" value="${address[name] ?? ""}" required>`,
)}
<p class="hint">This is a demonstration: no payment, no delivery.</p>
<button class="main">Place the order for ${formatPrice(cart.total)}</button>
</form>
<section class="summary-box" aria-labelledby="summary"><h2 id="summary">What you take</h2>
<ul class="plain">${cart.lines.map(
    ({ product, colour, size, quantity, total }) =>
      html`<li><span>${quantity} × ${product.name}<small>${COLOURS[colour]}, ${size}</small></span> <span>${formatPrice(total)}</span></li>`,
  )}</ul>
<p class="total"><span>Total</span> <strong>${formatPrice(cart.total)}</strong></p>
<p><a href="/cart">Change the cart</a></p></section>
</div>`;
}

/** Renders the page of a placed order. */
export function orderPage(order: PlacedOrder): Html {
  const { id, lines, total, currency, address, placedAt } = order;
  const { name, street, postalCode, city, country } = address;
  return html`<div class="narrow"><p class="overline">Thank you</p>
<h1>Your order is on its hook</h1>
<p class="claim"><span class="hidden">Claim ticket </span>${id}</p>
<p>Placed on <time datetime="${new Date(placedAt).toISOString()}">${dateOf(placedAt)}</time>.</p>
<ul class="plain">${lines.map(
    ({ name, colour, size, quantity, total }) =>
      html`<li><span>${quantity} × ${name}<small>${COLOURS[colour as keyof typeof COLOURS] ?? colour}, ${size}</small></span> <span>${formatAmount(total, currency)}</span></li>`,
  )}</ul>
<p class="total"><span>Total</span> <strong>${formatAmount(total, currency)}</strong></p>
<h2>Goes to</h2>
<address>${name}<br>${street}<br>${postalCode} ${city}<br>${country}</address>
<p><a class="button" href="/account">Your orders</a></p></div>`;
}

/** Formats a date and time. */
export function dateOf(time: number | string): string {
  return new Date(time).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}
