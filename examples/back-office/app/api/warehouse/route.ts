import { z } from "zod";
import { readBody } from "../../../lib/api/read-body.ts";
import { type ApiCall, apiRoute } from "../../../lib/api/route.ts";
import { warehouseIds } from "../../../lib/warehouse-ids.ts";

const CHOICE = z.object({ xid: z.string().max(64).nullable() });

/** The warehouse of the session, or the one that the header selects. */
export const GET = apiRoute(null, async ({ current }) => await warehouseResponse(current));

/** Keeps a warehouse for the session; `null` returns to the user's own. */
export const POST = apiRoute(null, async ({ current, request }) => {
  const { xid } = await readBody(request, CHOICE);
  await current.select("warehouse", xid, { keep: true });
  return await warehouseResponse(current);
});

async function warehouseResponse(current: ApiCall["current"]): Promise<Response> {
  const warehouse = await current.warehouse();
  return Response.json(warehouse && { xid: warehouseIds.encode(warehouse.id), name: warehouse.name });
}
