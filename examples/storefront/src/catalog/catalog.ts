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

/** Finds a product by its id, or by the number of its hook; undefined without one. */
export function findProduct(id: string): Product | undefined {
  return PRODUCTS.find((product) => product.id === id || String(product.hook) === id);
}

/** The products of one group; all of them for an unknown one. */
export function productsOf(kind: string | undefined): readonly Product[] {
  return isKind(kind) ? PRODUCTS.filter((product) => product.kind === kind) : PRODUCTS;
}

/** Whether a text names a group of products. */
export function isKind(text: string | undefined): text is Kind {
  return text !== undefined && Object.hasOwn(KINDS, text);
}

/** Products in which every word of the query occurs. */
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

/** The variant that a colour and a size name; undefined if the product does not come in them. */
export function findVariant(product: Product, colour: unknown, size: unknown): Variant | undefined {
  const found = product.colours.find((each) => each === colour);
  return found !== undefined && typeof size === "string" && product.sizes.includes(size)
    ? { product, colour: found, size }
    : undefined;
}

/** The drawing of a product, to be put in a page. Its cloth takes the colour of the element around it. */
export function pictureOf({ id }: Product): Html {
  return PICTURES.get(id) ?? new Html("");
}
