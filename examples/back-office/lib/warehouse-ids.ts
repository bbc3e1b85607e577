import { hashedIds } from "coatcheck/context/sqids";

/** The ids of warehouses, as addresses show them. */
export const warehouseIds = hashedIds({
  alphabet: "q7RzUMKcXHf4nLDoyW1VtGj8EsZBa2Ipk5vNAYwJ9xTrQgCbP3edl6SihmFu0O",
});
