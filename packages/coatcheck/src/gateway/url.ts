import { validateHeaderName, validateHeaderValue } from "node:http";

/** Headers that the gateway sets itself. */
const RESERVED_HEADERS = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "content-type",
  "cookie",
  "expect",
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Returns the URL of a path below `baseUrl`; null if URL parsing would change the path or its origin, as with
 * `/../admin` and `//host`. A path made from user input must not reach other parts of the upstream.
 */
export function resolvePath(path: string, baseUrl: URL): URL | null {
  const [pathname = ""] = path.split("?", 1);
  const fullPath = baseUrl.pathname.replace(/\/$/, "") + pathname;
  const url = URL.parse(baseUrl.origin + fullPath + path.slice(pathname.length));
  const unchanged = url?.origin === baseUrl.origin && url.pathname === fullPath && url.hash === "";
  return unchanged && /^\/(?!\/)/.test(path) && !/%2f|%5c|\\/i.test(pathname) ? url : null;
}

/**
 * Returns the public origin of an upstream: the origin of `baseUrl`, unless the option `headers` sets another host, or
 * another scheme with `x-forwarded-proto`. Null when the host is malformed.
 */
export function publicOriginOf(baseUrl: URL, headers: Readonly<Record<string, string>>): string | null {
  const headerNamed = (wanted: string) =>
    Object.entries(headers).find(([name]) => name.toLowerCase() === wanted)?.[1];
  const host = headerNamed("host") ?? baseUrl.host;
  const scheme = headerNamed("x-forwarded-proto") === "https" ? "https:" : baseUrl.protocol;
  const url = URL.parse(`${scheme}//${host}`);
  return url && /^[\w.:[\]-]+$/.test(host) ? url.origin : null;
}

/** Validates a request header. Returns what is wrong with it, or null. */
export function headerFault(name: string, value: string): string | null {
  if (RESERVED_HEADERS.has(name.toLowerCase())) return "must not be set, because the gateway sets it";
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return null;
  } catch {
    return "must be a valid header name and value (RFC 9110 §5)";
  }
}
