/**
 * The permissions that a role can have. Every action checks its permission again: hiding a button protects nothing.
 */
export const PERMISSIONS = ["stock.edit", "users.view", "users.edit", "roles.edit"] as const;

export type Permission = (typeof PERMISSIONS)[number];

/** Returns whether a value is a permission. */
export function isPermission(text: unknown): text is Permission {
  return PERMISSIONS.some((each) => each === text);
}
