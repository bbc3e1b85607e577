/** The routes that do not load, create or store a session: the login, and a route that needs only the JWT. */
const SESSIONLESS_PATHS: readonly string[] = ["/api/login", "/api/user"];

/**
 * Whether a request needs no session.
 *
 * @param url path and query.
 */
export function isSessionless(url: string): boolean {
  return SESSIONLESS_PATHS.includes(url.split("?")[0] ?? "");
}
