import { z } from "zod";
import { readBody } from "../../../../lib/api/read-body.ts";
import { apiRoute } from "../../../../lib/api/route.ts";
import { adjustItem } from "../../../../lib/stock.ts";

const CHANGE_BODY = z.object({ change: z.number().int().min(-10_000).max(10_000) });

/** Changes the quantity of an item in a warehouse that the user may enter. */
export const POST = apiRoute("stock.edit", async ({ database, request, user }, { item }) => {
  const { change } = await readBody(request, CHANGE_BODY);
  const quantity = await adjustItem(database, user, {
    item: Number(item),
    change,
    actor: null,
    at: Date.now(),
  });
  return Response.json({ quantity });
});
