import { pictureOf } from "../catalog/catalog.ts";
import { COLOURS, type Product } from "../catalog/products.ts";
import { type Html, html } from "../html.ts";
import { formatPrice } from "../money.ts";

/** Renders the start page. */
export function startPage(products: readonly Product[]): Html {
  return html`<section class="hero"><p class="overline">Coats, hats and scarves, on numbered hooks</p>
<h1>Coats worth checking</h1>
<p>Every piece hangs on a hook with a number. Keep the ticket, and it stays yours while you look around.</p></section>
${productGrid(products)}`;
}

/** Renders a list of products under a heading. */
export function listPage(heading: string, products: readonly Product[]): Html {
  return html`<h1>${heading}</h1>${productGrid(products)}`;
}

/** Renders the results of a search. */
export function searchPage(query: string, products: readonly Product[]): Html {
  if (query === "") return html`<h1>Search</h1><p>Enter what you look for, such as “wool” or “navy”.</p>`;
  const count = products.length === 1 ? "1 piece" : `${products.length} pieces`;
  return html`<h1>${count} for “${query}”</h1>
${products.length === 0 ? html`<p>No hook has that. Try a colour, a cloth, or <a href="/">look at everything</a>.</p>` : productGrid(products)}`;
}

function productGrid(products: readonly Product[]): Html {
  return html`<ul class="grid">${products.map(productCard)}</ul>`;
}

function productCard(product: Product): Html {
  const { id, name, summary, colours, hook } = product;
  return html`<li class="card cloth-${colours[0] ?? ""}">
<div class="picture">${pictureOf(product)}<span class="ticket" aria-hidden="true">${hook}</span></div>
<div class="text"><h2><a href="/products/${id}">${name}</a></h2><p>${summary}</p>
<p class="price">${formatPrice(product.price)}</p>
<p class="swatches">${colours.map((each) => html`<span class="swatch cloth-${each}"></span>`)}<span class="hidden">In ${colours.map((each) => COLOURS[each]).join(", ")}</span></p></div></li>`;
}
