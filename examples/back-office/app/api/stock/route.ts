import { apiRoute } from "../../../lib/api/route.ts";
import { listItems } from "../../../lib/stock.ts";

/** The items of the selected warehouse. `q` searches, and `low=1` returns only those below their minimum. */
export const GET = apiRoute(null, async ({ current, database, request }) => {
  const warehouse = await current.warehouse();
  const query = request.nextUrl.searchParams;
  const filter = { text: (query.get("q") ?? "").slice(0, 100), low: query.get("low") === "1" };
  const items = warehouse === null ? [] : await listItems(database, warehouse.id, filter);
  return Response.json({ warehouse: warehouse?.name ?? null, items });
});
