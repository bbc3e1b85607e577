import { validateHeaderName, validateHeaderValue } from "node:http";
import { CoatcheckError, type Fault } from "../session/errors.ts";
import type { JsonObject, JsonValue } from "../session/json.ts";
import { isJsonObject } from "../session/json.ts";
import type { CsrfOptions } from "./options.ts";
import type { Outgoing } from "./transport.ts";

/** Methods that change nothing (RFC 9110 §9.2.1): they carry no token and may be repeated. */
export type SafeMethod = "GET" | "HEAD";

/** What the upstream is asked. */
export interface UpstreamRequest {
  readonly method: SafeMethod | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below `baseUrl`, with a leading slash, percent-encoded; put ids in with `encodeURIComponent`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** End-to-end headers only. Cookies, token and framing are the gateway's own business. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, or as a form. */
  readonly body?: { readonly json: JsonValue } | { readonly form: Readonly<Record<string, string>> };
}

const OWN_HEADERS = new Set([
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

/** Whether a request of this method changes nothing. */
export function isSafe(method: string): method is SafeMethod {
  return method === "GET" || method === "HEAD";
}

/**
 * The request as it will leave, apart from its cookies.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` for a path that leaves `baseUrl`, or a header that is not the caller's to set.
 */
export function outgoingOf(
  request: UpstreamRequest,
  baseUrl: URL,
  token: { readonly value: string; readonly sendAs: CsrfOptions["sendAs"] } | null,
): Outgoing {
  const { method, path, query = {} } = request;
  const headers: Record<string, string> = {};
  const faults: Fault[] = [];
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    const fault = headerFault(name, value);
    if (fault) faults.push({ path: `headers.${name}`, message: fault });
    headers[name.toLowerCase()] = value;
  }
  const url = urlOf(path, baseUrl);
  if (!url)
    faults.push({ path: "path", message: "must start with / and stay below the base URL, percent-encoded" });
  if (!url || faults.length > 0) {
    throw new CoatcheckError("VALIDATION_FAILED", "This request cannot be passed on.", { faults });
  }
  for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
  let { body } = request;
  if (token && "header" in token.sendAs) headers[token.sendAs.header.toLowerCase()] = token.value;
  if (token && "field" in token.sendAs) body = withField(body, token.sendAs.field, token.value);
  if (body)
    headers["content-type"] = "json" in body ? "application/json" : "application/x-www-form-urlencoded";
  return { method, path: url.pathname + url.search, headers, body: serialized(body) };
}

/** The URL of a path below `baseUrl`; null if it would be sent in another way than it is written: `/../admin`, `//host`. */
export function urlOf(path: string, baseUrl: URL): URL | null {
  const [pathname = ""] = path.split("?", 1);
  const whole = baseUrl.pathname.replace(/\/$/, "") + pathname;
  const url = URL.parse(baseUrl.origin + whole + path.slice(pathname.length));
  const unchanged = url?.origin === baseUrl.origin && url.pathname === whole && url.hash === "";
  return unchanged && /^\/(?!\/)/.test(path) && !/%2f|%5c|\\/i.test(pathname) ? url : null;
}

/** What is wrong with a header that a caller wants sent; null when nothing is. */
export function headerFault(name: string, value: string): string | null {
  if (OWN_HEADERS.has(name.toLowerCase())) return "is set by the gateway";
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return null;
  } catch {
    return "is not a header (RFC 9110 §5.5)";
  }
}

function withField(body: UpstreamRequest["body"], field: string, token: string): UpstreamRequest["body"] {
  if (!body) return { form: { [field]: token } };
  if ("form" in body) return { form: { ...body.form, [field]: token } };
  if (isJsonObject(body.json)) return { json: { ...body.json, [field]: token } satisfies JsonObject };
  throw new CoatcheckError("VALIDATION_FAILED", "This request cannot be passed on.", {
    faults: [{ path: "body.json", message: "must be an object, for the CSRF token to go into" }],
  });
}

function serialized(body: UpstreamRequest["body"]): string | null {
  if (!body) return null;
  return "json" in body ? JSON.stringify(body.json) : new URLSearchParams(body.form).toString();
}
