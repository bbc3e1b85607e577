import type { Database, Queries } from "./database/database.ts";
import { FormError } from "./form-error.ts";
import { PERMISSIONS, type Permission, permissionsOf } from "./permissions.ts";

/** A role of a company. */
export interface Role {
  readonly id: number;
  readonly name: string;
  readonly permissions: readonly Permission[];
  readonly users: number;
}

/** Returns the roles of a company. */
export async function listRoles(database: Queries, company: number): Promise<readonly Role[]> {
  const rows = await database.all<{ id: number; name: string; permissions: string; users: number }>(
    `SELECT id, name, permissions, (SELECT count(*) FROM users WHERE role_id = roles.id) AS users
     FROM roles WHERE company_id = ? ORDER BY id`,
    company,
  );
  return rows.map((row) => ({ ...row, permissions: permissionsOf(row.permissions) }));
}

/** The values of the form that adds a role. */
export interface RoleContent {
  readonly name: string;
  readonly permissions: readonly Permission[];
}

/**
 * Adds a role to a company. Returns its id.
 *
 * @throws FormError if another role of the company has the name.
 */
export async function addRole(
  queries: Queries,
  company: number,
  { name, permissions }: RoleContent,
): Promise<number> {
  const id = await queries.insert(
    "INSERT INTO roles (company_id, name, permissions) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    company,
    name,
    JSON.stringify(permissions),
  );
  if (id === null) throw new FormError({ name: "nameTaken" });
  return id;
}

/** The roles of a new company. */
const INITIAL_ROLES: readonly RoleContent[] = [
  { name: "Administrator", permissions: PERMISSIONS },
  { name: "Clerk", permissions: ["stock.edit"] },
  { name: "Auditor", permissions: ["users.view"] },
];

/** Adds the roles of a new company. Returns the ids of the roles, by name. */
export async function addInitialRoles(
  queries: Queries,
  company: number,
): Promise<ReadonlyMap<string, number>> {
  const ids = new Map<string, number>();
  for (const role of INITIAL_ROLES) ids.set(role.name, await addRole(queries, company, role));
  return ids;
}

/** Changes the permissions of a role. Returns false if the company has no such role. */
export async function changeRole(
  database: Database,
  company: number,
  id: number,
  permissions: readonly Permission[],
): Promise<boolean> {
  const sql = "UPDATE roles SET permissions = ? WHERE id = ? AND company_id = ?";
  return (await database.run(sql, JSON.stringify(permissions), id, company)) > 0;
}
