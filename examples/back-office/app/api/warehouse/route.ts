import { z } from "zod";
import { readBody } from "../../../lib/api/read-body.ts";
import { type ApiCall, apiRoute } from "../../../lib/api/route.ts";
import { warehouseIds } from "../../../lib/warehouse-ids.ts";

const CHOICE_BODY = z.object({ xid: z.string().max(64).nullable() });

/** Returns the warehouse of the session, or the warehouse that the header selects. */
export const GET = apiRoute(null, async ({ requestEntities }) => await warehouseResponse(requestEntities));

/**
 * Stores a warehouse in the session. `null` removes it, so that the session uses the user's default warehouse again.
 */
export const POST = apiRoute(null, async ({ requestEntities, request }) => {
  const { xid } = await readBody(request, CHOICE_BODY);
  await requestEntities.select("warehouse", xid, { keep: true });
  return await warehouseResponse(requestEntities);
});

async function warehouseResponse(requestEntities: ApiCall["requestEntities"]): Promise<Response> {
  const warehouse = await requestEntities.warehouse();
  return Response.json(warehouse && { xid: warehouseIds.encode(warehouse.id), name: warehouse.name });
}
