import { CoatcheckError } from "coatcheck";
import type { Database } from "./database.ts";
import { isPermission, type Permission } from "./permissions.ts";

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
export function findUser(database: Database, id: string): User | null {
  const row = database.one<UserRow>(
    `SELECT users.*, roles.name AS role, roles.permissions FROM users
     LEFT JOIN roles ON roles.id = users.role_id WHERE users.id = ? AND users.active = 1`,
    id,
  );
  if (row === null) return null;
  const warehouses = database.all<{ id: number; name: string }>(
    `SELECT warehouses.id, warehouses.name FROM user_warehouses
     JOIN warehouses ON warehouses.id = user_warehouses.warehouse_id WHERE user_id = ? ORDER BY name`,
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

function permissionsOf(json: string | null): readonly Permission[] {
  const list: unknown = JSON.parse(json ?? "[]");
  return Array.isArray(list) ? list.filter(isPermission) : [];
}

/** A user, with the fields that the list of users and the form of a user show. */
export interface ListedUser {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly roleId: number;
  readonly role: string;
  readonly active: boolean;
  readonly warehouseId: number;
  readonly warehouseIds: readonly number[];
}

interface ListedUserRow extends Omit<ListedUser, "active" | "warehouseIds"> {
  readonly active: number;
  readonly warehouseIds: string | null;
}

const SELECT_LISTED_USERS = `SELECT users.id, users.name, email, role_id AS roleId, roles.name AS role, active,
    warehouse_id AS warehouseId,
    (SELECT group_concat(warehouse_id) FROM user_warehouses WHERE user_id = users.id) AS warehouseIds
  FROM users JOIN roles ON roles.id = users.role_id`;

const toListedUser = (row: ListedUserRow): ListedUser => ({
  ...row,
  active: row.active === 1,
  warehouseIds: (row.warehouseIds ?? "").split(",").filter(Boolean).map(Number),
});

/** Returns the users of a company, sorted by name. */
export function listUsers(database: Database, company: number): readonly ListedUser[] {
  return database
    .all<ListedUserRow>(`${SELECT_LISTED_USERS} WHERE users.company_id = ? ORDER BY users.name`, company)
    .map(toListedUser);
}

/** Returns a user; null if the user does not exist or belongs to another company. */
export function findListedUser(database: Database, company: number, id: number): ListedUser | null {
  const row = database.one<ListedUserRow>(
    `${SELECT_LISTED_USERS} WHERE users.company_id = ? AND users.id = ?`,
    company,
    id,
  );
  return row && toListedUser(row);
}

/** A role of a company. */
export interface Role {
  readonly id: number;
  readonly name: string;
  readonly permissions: readonly Permission[];
  readonly users: number;
}

/** Returns the roles of a company. */
export function listRoles(database: Database, company: number): readonly Role[] {
  const rows = database.all<{ id: number; name: string; permissions: string; users: number }>(
    `SELECT id, name, permissions, (SELECT count(*) FROM users WHERE role_id = roles.id) AS users
     FROM roles WHERE company_id = ? ORDER BY id`,
    company,
  );
  return rows.map((row) => ({ ...row, permissions: permissionsOf(row.permissions) }));
}

/** The values of the form that edits a user. */
export interface UserChange {
  readonly name: string;
  readonly email: string;
  readonly roleId: number;
  readonly warehouseId: number;
  readonly warehouseIds: readonly number[];
  readonly active: boolean;
}

/**
 * Changes a user of the company.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` if the role or a warehouse belongs to another company, `CONFLICT` if
 * another user has the email address.
 */
export function changeUser(database: Database, company: number, id: number, change: UserChange): void {
  const roles = listRoles(database, company).map((role) => role.id);
  const warehouses = database
    .all<{ id: number }>("SELECT id FROM warehouses WHERE company_id = ?", company)
    .map((each) => each.id);
  const { roleId, warehouseId, warehouseIds } = change;
  if (!roles.includes(roleId)) throw new CoatcheckError("VALIDATION_FAILED", "This role does not exist.");
  if (!warehouseIds.every((each) => warehouses.includes(each)) || !warehouseIds.includes(warehouseId)) {
    throw new CoatcheckError(
      "VALIDATION_FAILED",
      "The user's default warehouse must be one of the warehouses that the user may enter.",
    );
  }
  if (database.one("SELECT 1 FROM users WHERE email = ? AND id <> ?", change.email, id)) {
    throw new CoatcheckError("CONFLICT", "Another user has this email address.");
  }
  database.transaction(() => {
    database.run(
      `UPDATE users SET name = ?, email = ?, role_id = ?, warehouse_id = ?, active = ?
       WHERE id = ? AND company_id = ?`,
      change.name,
      change.email,
      roleId,
      warehouseId,
      change.active ? 1 : 0,
      id,
      company,
    );
    database.run("DELETE FROM user_warehouses WHERE user_id = ?", id);
    for (const each of warehouseIds) database.run("INSERT INTO user_warehouses VALUES (?, ?)", id, each);
  });
}
