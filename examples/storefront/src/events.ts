import { defineEvents } from "coatcheck/visit";
import { z } from "zod";

const itemProperties = { productId: z.string(), price: z.int(), currency: z.string() };
const lineProperties = {
  ...itemProperties,
  colour: z.string(),
  size: z.string(),
  quantity: z.int().positive(),
};

/** The shop's events and their properties. An event with an unknown property, such as a misspelt name, is rejected. */
export const events = defineEvents({
  product_view: { schema: z.strictObject(itemProperties) },
  search: { schema: z.strictObject({ query: z.string(), results: z.int() }) },
  add_to_cart: { schema: z.strictObject(lineProperties) },
  remove_from_cart: { schema: z.strictObject(lineProperties) },
  begin_checkout: {
    schema: z.strictObject({ pieces: z.int().positive(), total: z.int(), currency: z.string() }),
  },
});
