/**
 * The permissions that a role can have. Every action checks its permission, because hiding a button protects nothing.
 */
export const PERMISSIONS = [
  "stock.edit",
  "users.view",
  "users.edit",
  "roles.edit",
  "warehouses.edit",
] as const;

export type Permission = (typeof PERMISSIONS)[number];

/** Returns whether a value is a permission. */
export function isPermission(text: unknown): text is Permission {
  return PERMISSIONS.some((each) => each === text);
}

/** Parses the permissions of a role from its column in the database. */
export function permissionsOf(json: string | null): readonly Permission[] {
  const list: unknown = JSON.parse(json ?? "[]");
  return Array.isArray(list) ? list.filter(isPermission) : [];
}
