import { defineEvents } from "coatcheck/visit";
import { z } from "zod";

const item = { productId: z.string(), price: z.int(), currency: z.string() };
const line = { ...item, colour: z.string(), size: z.string(), quantity: z.int().positive() };

/** The shop's events and their properties. An event with an unknown property, such as a misspelt name, is rejected. */
export const events = defineEvents({
  product_view: { schema: z.strictObject(item) },
  search: { schema: z.strictObject({ query: z.string(), results: z.int() }) },
  add_to_cart: { schema: z.strictObject(line) },
  remove_from_cart: { schema: z.strictObject(line) },
  begin_checkout: {
    schema: z.strictObject({ pieces: z.int().positive(), total: z.int(), currency: z.string() }),
  },
});
