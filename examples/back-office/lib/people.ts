import type { Database } from "./database/database.ts";
import { type Permission, permissionsOf } from "./permissions.ts";

/** A user with the data that pages need. All sessions of a user share one such object in a process. */
export interface User {
  readonly id: string;
  /** Null for a super administrator, who belongs to no company. */
  readonly companyId: number | null;
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly permissions: readonly Permission[];
  readonly warehouseId: number | null;
  /** The warehouses that the user may enter. */
  readonly warehouses: readonly { readonly id: number; readonly name: string }[];
  readonly theme: string;
  readonly language: string;
  readonly isSuperAdmin: boolean;
}

interface UserRow {
  readonly id: number;
  readonly company_id: number | null;
  readonly email: string;
  readonly name: string;
  readonly role: string | null;
  readonly permissions: string | null;
  readonly warehouse_id: number | null;
  readonly theme: string;
  readonly language: string;
  readonly super_admin: number;
}

/** Returns a user with role, permissions and warehouses; null if the user does not exist or is disabled. */
export async function findUser(database: Database, id: string): Promise<User | null> {
  // If another application uses the same store, the subject of its sessions may not be a number. PostgreSQL would
  // reject it as a user id.
  if (!/^\d{1,9}$/.test(id)) return null;
  const row = await database.one<UserRow>(
    `SELECT users.*, roles.name AS role, roles.permissions FROM users
     LEFT JOIN roles ON roles.id = users.role_id WHERE users.id = ? AND users.active = 1`,
    Number(id),
  );
  if (row === null) return null;
  const warehouses = await database.all<{ id: number; name: string }>(
    `SELECT warehouses.id, warehouses.name FROM user_warehouses
     JOIN warehouses ON warehouses.id = user_warehouses.warehouse_id WHERE user_id = ?
     ORDER BY lower(name)`,
    row.id,
  );
  return {
    id: String(row.id),
    companyId: row.company_id,
    email: row.email,
    name: row.name,
    role: row.role ?? "Super administrator",
    permissions: permissionsOf(row.permissions),
    warehouseId: row.warehouse_id,
    warehouses: warehouses.map(({ id, name }) => ({ id, name })),
    theme: row.theme,
    language: row.language,
    isSuperAdmin: row.super_admin === 1,
  };
}

/** Returns the name of a user, even if the user is disabled. Null if the user does not exist. */
export async function findName(database: Database, id: string): Promise<string | null> {
  const row = await database.one<{ name: string }>("SELECT name FROM users WHERE id = ?", Number(id) || 0);
  return row?.name ?? null;
}
