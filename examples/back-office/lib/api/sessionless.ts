/** The routes that load, create and store no session: the login, and what the JWT alone suffices for. */
const SESSIONLESS: readonly string[] = ["/api/login", "/api/user"];

/**
 * Whether a request needs no session.
 *
 * @param url path and query.
 */
export function isSessionless(url: string): boolean {
  return SESSIONLESS.includes(url.split("?")[0] ?? "");
}
