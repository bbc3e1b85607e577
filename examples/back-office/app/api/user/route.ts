import { apiRoute } from "../../../lib/api/route.ts";
import { warehouseIds } from "../../../lib/warehouse-ids.ts";

/**
 * Reads the user from the database instead of memory, for a client that knows that another program has changed the
 * user.
 */
export const GET = apiRoute(null, async ({ requestEntities }) => {
  const user = await requestEntities.user({ reset: true });
  const [company, warehouse] = await Promise.all([requestEntities.company(), requestEntities.warehouse()]);
  return Response.json({
    id: user?.id,
    name: user?.name,
    email: user?.email,
    role: user?.role,
    permissions: user?.permissions,
    company: company?.name ?? null,
    warehouse: warehouse && { xid: warehouseIds.encode(warehouse.id), name: warehouse.name },
    warehouses: user?.warehouses.map(({ id, name }) => ({ xid: warehouseIds.encode(id), name })),
  });
});
