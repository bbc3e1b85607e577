import type { HttpRequest } from "../message.ts";

/** The headers that this adapter reads. Those of the fetch standard and of `headers()` fit. */
export interface HeaderReader {
  get(name: string): string | null;
}

/** The cookies of `cookies()`. They include those that this request's proxy and action have set. */
export interface CookieReader {
  get(name: string): { readonly value: string } | undefined;
}

/** Translates a request to a route handler or the proxy. Next.js does not tell the address of the socket's peer. */
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
 * Translates the request of a page or an action, of which Next.js shows only headers and cookies. The path is unknown.
 *
 * @param cookieName the name of the session cookie.
 */
export function pageRequest(
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
 * The `Cookie` header with the present session cookie. After a login in an action, and after a rotation in the proxy,
 * the header of the request still has the replaced one.
 */
function cookieHeader(headers: HeaderReader, cookies: CookieReader, name: string): string | undefined {
  const sent = headers.get("cookie") ?? undefined;
  const present = cookies.get(name)?.value;
  // Keeps the duplicates of a cookie, of which `cookies()` shows one.
  if (present !== undefined && present !== "" && sent?.includes(`${name}=${present}`)) return sent;
  const others = (sent ?? "").split("; ").filter((pair) => pair !== "" && !pair.startsWith(`${name}=`));
  return [...others, ...(present ? [`${name}=${present}`] : [])].join("; ") || undefined;
}
