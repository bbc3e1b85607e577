import { type Cart, type CartLine, MAX_QUANTITY } from "../cart.ts";
import { pictureOf } from "../catalog/catalog.ts";
import { COLOURS } from "../catalog/products.ts";
import { type Html, html } from "../html.ts";
import { formatPrice } from "../money.ts";

/** Renders the cart, with a form for each line. */
export function cartPage({ lines, total }: Cart): Html {
  if (lines.length === 0) {
    return html`<h1>Your cart</h1><p>Nothing hangs here yet.</p><p><a class="button" href="/">Look around</a></p>`;
  }
  return html`<h1>Your cart</h1>
<ul class="lines">${lines.map(cartLine)}</ul>
<div class="sum"><p class="total"><span>Total</span> <strong>${formatPrice(total)}</strong></p>
<p><small>With VAT, delivery included.</small></p>
<p><a class="button main" href="/checkout">Check out</a></p></div>`;
}

function cartLine(line: CartLine, index: number): Html {
  const { key, product, colour, size, quantity, total } = line;
  return html`<li class="line cloth-${colour}">
<div class="picture">${pictureOf(product)}</div>
<div class="text"><h2><a href="/products/${product.id}">${product.name}</a></h2>
<p>${COLOURS[colour]}, ${size}</p><p class="price">${formatPrice(total)}</p></div>
<form method="post" action="/cart/change"><input type="hidden" name="line" value="${key}">
<label for="quantity-${index}">Quantity<span class="hidden"> of ${product.name}</span></label>
<input id="quantity-${index}" name="quantity" type="number" inputmode="numeric" min="0" max="${MAX_QUANTITY}" value="${quantity}" required>
<button>Update<span class="hidden"> ${product.name}</span></button></form>
<form method="post" action="/cart/change"><input type="hidden" name="line" value="${key}"><input type="hidden" name="quantity" value="0">
<button class="quiet">Remove<span class="hidden"> ${product.name}</span></button></form>
</li>`;
}
