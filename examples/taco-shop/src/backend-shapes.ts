import { z } from "zod";

/*
 * The parts of the backend's response bodies that the shop returns to its clients. Prices are in rappen.
 */

/** The kinds of cart items. */
export const KINDS = ["tacos", "extras", "drinks", "desserts"] as const;
export type Kind = (typeof KINDS)[number];

const price = z.number().int();
const priced = {
  id: z.number().int().describe("The id of the item. Does not change when another item is removed."),
  quantity: z.number().int(),
  unitPrice: price.describe("Rappen."),
  total: price,
};

const taco = z.object({
  ...priced,
  size: z.string(),
  meats: z.array(z.object({ id: z.string(), quantity: z.number().int() })),
  sauces: z.array(z.string()),
  garnitures: z.array(z.string()),
});
const portion = z.object({ ...priced, product: z.string() });

export const item = z.union([taco, portion]);

const items = {
  tacos: z.array(taco),
  extras: z.array(portion),
  drinks: z.array(portion),
  desserts: z.array(portion),
};

export const cart = z.object({ ...items, itemCount: z.number().int(), total: price });
export const change = z.object({ item: item.nullable(), cart });

export const order = z
  .object({
    number: z.number().int(),
    placedAt: z.string(),
    customer: z.object({ name: z.string(), phone: z.string() }),
    delivery: z.object({
      type: z.string(),
      address: z.string().nullable(),
      requestedFor: z.string(),
    }),
    items: z.object(items),
    itemCount: z.number().int(),
    total: price,
  })
  .meta({ id: "Order" });
export const orders = z.object({ orders: z.array(order) });

const name = z.object({ fr: z.string(), de: z.string(), en: z.string() });
const products = z.array(
  z.object({ id: z.string(), name, price, stock: z.number().int().describe("Portions left.") }),
);

export const menu = z.object({
  currency: z.string(),
  timeZone: z.string(),
  limits: z.object({
    sauces: z.number().int(),
    quantity: z.number().int(),
    lines: z.number().int(),
    daysAhead: z.number().int(),
  }),
  sizes: z.array(
    z.object({
      id: z.string(),
      name,
      price,
      meats: z.number().int().describe("Portions of meat in this size."),
    }),
  ),
  meats: products,
  sauces: products,
  garnitures: products,
  extras: products,
  drinks: products,
  desserts: products,
});

export const stock = z.record(z.string(), z.record(z.string(), z.number().int()));

export type Cart = z.output<typeof cart>;
export type Order = z.output<typeof order>;
