/**
 * Returns the part of a request's path that a router's prefix matched: `/acme` for the prefix `/:tenant` and the path
 * `/acme/session`.
 *
 * @param prefix the prefix as configured in the router; a wildcard at its end is ignored.
 */
export function mountPathOf(prefix: string, path: string): string {
  const depth = prefix.split("/").filter((segment) => segment !== "" && segment !== "*").length;
  return path.split("/", depth + 1).join("/");
}

/** Removes a router's prefix from `path`, if the path begins with the prefix. */
export function pathBelow(prefix: string, path: string): string {
  const isWhole = path === prefix || path.startsWith(`${prefix}/`);
  return isWhole ? path.slice(prefix.length) : path;
}
