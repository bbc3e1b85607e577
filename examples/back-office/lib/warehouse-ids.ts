import { hashedIds } from "coatcheck/context/sqids";

/** Encodes warehouse ids for URLs, so that a URL does not reveal the database's ids. */
export const warehouseIds = hashedIds({
  alphabet: "q7RzUMKcXHf4nLDoyW1VtGj8EsZBa2Ipk5vNAYwJ9xTrQgCbP3edl6SihmFu0O",
});
