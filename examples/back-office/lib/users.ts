import type { Database, Queries } from "./database/database.ts";
import { FormError } from "./form-error.ts";
import type { Permission } from "./permissions.ts";
import { listRoles } from "./roles.ts";
import { listWarehouses } from "./warehouses.ts";

/** A user, with the fields that the list of users and the form of a user show. */
export interface ListedUser {
  readonly id: number;
  readonly companyId: number;
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

const SELECT_LISTED_USERS = `SELECT users.id, users.company_id AS "companyId", users.name, email, role_id AS "roleId",
    roles.name AS role, active, warehouse_id AS "warehouseId",
    (SELECT string_agg(CAST(warehouse_id AS TEXT), ',') FROM user_warehouses WHERE user_id = users.id) AS "warehouseIds"
  FROM users JOIN roles ON roles.id = users.role_id`;

const toListedUser = (row: ListedUserRow): ListedUser => ({
  ...row,
  active: row.active === 1,
  warehouseIds: (row.warehouseIds ?? "").split(",").filter(Boolean).map(Number),
});

/** Returns the users of a company, sorted by name. */
export async function listUsers(database: Queries, company: number): Promise<readonly ListedUser[]> {
  const sql = `${SELECT_LISTED_USERS} WHERE users.company_id = ? ORDER BY lower(users.name)`;
  return (await database.all<ListedUserRow>(sql, company)).map(toListedUser);
}

/**
 * Returns a user of any company. Null if the user does not exist or is a super administrator, who belongs to no
 * company.
 */
export async function findListedUser(database: Queries, id: number): Promise<ListedUser | null> {
  const row = await database.one<ListedUserRow>(`${SELECT_LISTED_USERS} WHERE users.id = ?`, id);
  return row && toListedUser(row);
}

/** The values of the form that edits a user. */
export interface UserContent {
  readonly name: string;
  readonly email: string;
  readonly roleId: number;
  readonly warehouseId: number;
  readonly warehouseIds: readonly number[];
}

/** The company that a form concerns, and the permissions of the user who sends the form. */
export interface Editor {
  readonly company: number;
  /** Null for a super administrator, who may assign every role. */
  readonly permissions: readonly Permission[] | null;
}

/**
 * Checks a user's role and warehouses.
 *
 * @throws FormError if the role or a warehouse belongs to another company, or if the role has a permission that the
 * editor lacks.
 */
async function requireAllowedContent(queries: Queries, editor: Editor, content: UserContent): Promise<void> {
  const { company, permissions } = editor;
  const role = (await listRoles(queries, company)).find(({ id }) => id === content.roleId);
  if (!role) throw new FormError({ role: "noSuchRole" });
  if (permissions && !role.permissions.every((each) => permissions.includes(each))) {
    throw new FormError({ role: "roleTooStrong" });
  }
  const known = (await listWarehouses(queries, company)).map(({ id }) => id);
  if (!content.warehouseIds.every((each) => known.includes(each)))
    throw new FormError({ warehouses: "noSuchWarehouse" });
  if (!content.warehouseIds.includes(content.warehouseId))
    throw new FormError({ warehouse: "ownWarehouseNotAllowed" });
}

/**
 * Adds a user. Returns their id.
 *
 * @param password the hash of the password.
 * @throws FormError in the cases of `requireAllowedContent`, and if another user has the email address.
 */
export async function addUser(
  queries: Queries,
  editor: Editor,
  content: UserContent,
  password: string,
): Promise<number> {
  await requireAllowedContent(queries, editor, content);
  const id = await queries.insert(
    `INSERT INTO users (company_id, email, name, password, role_id, warehouse_id) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
    editor.company,
    content.email,
    content.name,
    password,
    content.roleId,
    content.warehouseId,
  );
  if (id === null) throw new FormError({ email: "emailTaken" });
  await allowWarehouses(queries, id, content.warehouseIds);
  return id;
}

/**
 * Changes a user of the company.
 *
 * @throws FormError in the same cases as {@link addUser}.
 */
export async function changeUser(
  database: Database,
  editor: Editor,
  id: number,
  content: UserContent & { readonly active: boolean },
): Promise<void> {
  const before = await findListedUser(database, id);
  // If the role does not change, do not check its permissions, so that the editor may change the rest of the form.
  const present = before?.roleId === content.roleId ? { ...editor, permissions: null } : editor;
  try {
    await database.transaction(async (queries) => {
      await requireAllowedContent(queries, present, content);
      await queries.run(
        `UPDATE users SET name = ?, email = ?, role_id = ?, warehouse_id = ?, active = ?
         WHERE id = ? AND company_id = ?`,
        content.name,
        content.email,
        content.roleId,
        content.warehouseId,
        content.active ? 1 : 0,
        id,
        editor.company,
      );
      await queries.run("DELETE FROM user_warehouses WHERE user_id = ?", id);
      await allowWarehouses(queries, id, content.warehouseIds);
    });
  } catch (error) {
    if (database.isUniqueViolation(error)) throw new FormError({ email: "emailTaken" });
    throw error;
  }
}

async function allowWarehouses(queries: Queries, user: number, warehouses: readonly number[]): Promise<void> {
  for (const each of new Set(warehouses)) {
    await queries.run("INSERT INTO user_warehouses VALUES (?, ?)", user, each);
  }
}

/** Changes a password. @param password the hash of the password. */
export async function changePassword(database: Database, id: string, password: string): Promise<void> {
  await database.run("UPDATE users SET password = ? WHERE id = ?", password, Number(id));
}
