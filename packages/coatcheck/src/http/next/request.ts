import type { HttpRequest } from "../message.ts";

/** Reads headers. Implemented by `Headers` of the fetch standard and by the result of `headers()`. */
export interface HeaderReader {
  get(name: string): string | null;
}

/** Reads cookies, like the result of `cookies()`, which includes the cookies that the proxy and the action have set. */
export interface CookieReader {
  get(name: string): { readonly value: string } | undefined;
}

/** Translates a request to a route handler or the proxy. Next.js does not provide the address of the socket's peer. */
export function fetchRequest(request: Request): HttpRequest {
  const { pathname, search, host, protocol } = new URL(request.url);
  return {
    method: request.method,
    url: pathname + search,
    address: undefined,
    encrypted: protocol === "https:",
    header: (name) => request.headers.get(name) ?? (name === "host" ? host : undefined),
  };
}

/**
 * Translates the request of a page or an action. Next.js provides only its headers and cookies, so the path is unknown.
 *
 * @param cookieName the name of the session cookie.
 */
export function createPageRequest(
  method: string,
  headers: HeaderReader,
  cookies: CookieReader,
  cookieName: string,
): HttpRequest {
  return {
    method,
    url: "/",
    address: undefined,
    encrypted: false,
    header: (name) =>
      name === "cookie" ? cookieHeader(headers, cookies, cookieName) : (headers.get(name) ?? undefined),
  };
}

/**
 * Returns the `Cookie` header with the current session cookie. After a login in an action, or a rotation in the proxy,
 * the request's own header still contains the replaced cookie.
 */
function cookieHeader(headers: HeaderReader, cookies: CookieReader, name: string): string | undefined {
  const sent = headers.get("cookie") ?? undefined;
  const present = cookies.get(name)?.value;
  // Return the header unchanged if it has the current cookie, because it may have duplicates that `cookies()` omits.
  if (present !== undefined && present !== "" && sent?.includes(`${name}=${present}`)) return sent;
  const others = (sent ?? "").split("; ").filter((pair) => pair !== "" && !pair.startsWith(`${name}=`));
  return [...others, ...(present ? [`${name}=${present}`] : [])].join("; ") || undefined;
}
