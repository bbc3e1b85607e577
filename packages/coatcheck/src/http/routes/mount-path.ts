/**
 * The beginning of a request's path that a router's prefix matched: `/acme` for the prefix `/:tenant` and the path
 * `/acme/session`.
 *
 * @param prefix as the router has it; a wildcard at its end matches nothing here.
 */
export function mountPath(prefix: string, path: string): string {
  const depth = prefix.split("/").filter((segment) => segment !== "" && segment !== "*").length;
  return path.split("/", depth + 1).join("/");
}

/** The path that a router with a prefix needs for `path`. A path that begins with the prefix is the whole path. */
export function pathBelow(prefix: string, path: string): string {
  const isWhole = path === prefix || path.startsWith(`${prefix}/`);
  return isWhole ? path.slice(prefix.length) : path;
}
