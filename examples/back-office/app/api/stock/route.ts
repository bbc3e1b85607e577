import { apiRoute } from "../../../lib/api/route.ts";
import { listItems } from "../../../lib/stock.ts";

/**
 * Returns the items of the selected warehouse. The query parameter `q` searches the items. `low=1` selects the items
 * below their minimum.
 */
export const GET = apiRoute(null, async ({ requestEntities, database, request }) => {
  const warehouse = await requestEntities.warehouse();
  const query = request.nextUrl.searchParams;
  const filter = { text: (query.get("q") ?? "").slice(0, 100), low: query.get("low") === "1" };
  const items = warehouse === null ? [] : await listItems(database, warehouse.id, filter);
  return Response.json({ warehouse: warehouse?.name ?? null, items });
});
