import { MAX_QUANTITY } from "../cart.ts";
import { pictureOf } from "../catalog/catalog.ts";
import { COLOURS, KINDS, type Product } from "../catalog/products.ts";
import { type Html, html } from "../html.ts";
import { formatPrice } from "../money.ts";

/** Renders a product with its form. CSS shows the picture in the selected colour. */
export function productPage(product: Product): Html {
  const { id, hook, kind, name, summary, description, details } = product;
  return html`<nav class="trail" aria-label="You are here"><a href="/kinds/${kind}">${KINDS[kind]}</a></nav>
<article class="product">
<div class="picture">${pictureOf(product)}<span class="ticket" aria-hidden="true">${hook}</span></div>
<div class="text">
<h1>${name}</h1>
<p class="summary">${summary}</p>
<p class="price">${formatPrice(product.price)} <small>with VAT, delivery included</small></p>
<form method="post" action="/cart">
<input type="hidden" name="product" value="${id}">
${colourChoice(product)}
${sizeChoice(product)}
<div class="buy">
<label for="quantity">Quantity</label>
<input id="quantity" name="quantity" type="number" inputmode="numeric" min="1" max="${MAX_QUANTITY}" value="1" required>
<button class="main">Add to cart</button>
</div>
</form>
<h2>About it</h2>
<p>${description}</p>
<ul>${details.map((detail) => html`<li>${detail}</li>`)}</ul>
<p class="hook">Hangs on hook ${hook}.</p>
</div>
</article>`;
}

function colourChoice({ colours }: Product): Html {
  return html`<fieldset class="choice"><legend>Colour</legend>
${colours.map(
  (colour, index) =>
    html`<label class="option"><input type="radio" name="colour" value="${colour}"${index === 0 && html` checked`}><span class="swatch cloth-${colour}"></span>${COLOURS[colour]}</label>`,
)}</fieldset>`;
}

function sizeChoice({ sizes }: Product): Html {
  const preferred = Math.floor((sizes.length - 1) / 2);
  return html`<fieldset class="choice"><legend>Size</legend>
${sizes.map(
  (size, index) =>
    html`<label class="option"><input type="radio" name="size" value="${size}"${index === preferred && html` checked`}>${size}</label>`,
)}</fieldset>`;
}
