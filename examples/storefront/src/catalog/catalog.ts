import { readFileSync } from "node:fs";
import { Html } from "../html.ts";
import { COLOURS, type Colour, KINDS, type Kind, PRODUCTS, type Product } from "./products.ts";

/** One product in one colour and size. */
export interface Variant {
  readonly product: Product;
  readonly colour: Colour;
  readonly size: string;
}

const PICTURES = new Map(
  PRODUCTS.map(({ id }) => {
    const file = new URL(`pictures/${id}.svg`, import.meta.url);
    return [id, new Html(readFileSync(file, "utf8").trim())] as const;
  }),
);

/** Returns the product with this id, or with this number of a coat hook; undefined if there is none. */
export function findProduct(id: string): Product | undefined {
  return PRODUCTS.find((product) => product.id === id || String(product.hook) === id);
}

/** Returns the products of a kind. Returns all products if the kind is unknown or undefined. */
export function productsOf(kind: string | undefined): readonly Product[] {
  return isKind(kind) ? PRODUCTS.filter((product) => product.kind === kind) : PRODUCTS;
}

/** Returns whether a text is the id of a kind of products. */
export function isKind(text: string | undefined): text is Kind {
  return text !== undefined && Object.hasOwn(KINDS, text);
}

/** Returns the products whose text contains every word of the query. */
export function searchProducts(query: string): readonly Product[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  return PRODUCTS.filter((product) => {
    const text = searchTextOf(product);
    return words.every((word) => text.includes(word));
  });
}

function searchTextOf({ name, summary, description, details, colours, kind, hook }: Product): string {
  const names = colours.map((colour) => COLOURS[colour]);
  return [name, summary, description, ...details, ...names, KINDS[kind], hook].join(" ").toLowerCase();
}

/** Returns a product's variant; undefined if the product is not available in this colour and size. */
export function findVariant(product: Product, colour: unknown, size: unknown): Variant | undefined {
  const found = product.colours.find((each) => each === colour);
  return found !== undefined && typeof size === "string" && product.sizes.includes(size)
    ? { product, colour: found, size }
    : undefined;
}

/** Returns the drawing of a product as SVG. The drawing uses the CSS `color` of the element around it. */
export function pictureOf({ id }: Product): Html {
  return PICTURES.get(id) ?? new Html("");
}
