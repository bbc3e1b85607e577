import type { Fault } from "../session/errors.ts";
import type { JsonObject, JsonValue } from "../session/json.ts";
import { isJsonObject } from "../session/json.ts";
import {
  type KnownOptions,
  requireKnownNestedOptions,
  requireKnownOptions,
  requireOneOf,
} from "../session/known-options.ts";
import { invalidInputError } from "./errors.ts";
import type { WireRequest } from "./messages.ts";
import type { ResolvedUpstreamOptions, UpstreamCsrfOptions } from "./options.ts";
import { headerFault, resolvePath } from "./url.ts";

/** Safe methods (RFC 9110 §9.2.1). They need no CSRF token, and may be retried. */
export type SafeMethod = "GET" | "HEAD";

/** A request to the upstream. */
export interface UpstreamRequest {
  readonly method: SafeMethod | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Percent-encoded path below `baseUrl`, with a leading slash. Encode ids with `encodeURIComponent`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** End-to-end headers only. The gateway sets `Cookie`, the CSRF token and the framing headers itself. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body, as JSON or as `application/x-www-form-urlencoded`. */
  readonly body?: { readonly json: JsonValue } | { readonly form: Readonly<Record<string, string>> };
  /** `manual` returns a redirect to any origin to the caller instead of following it. Default: `follow`. */
  readonly redirect?: "follow" | "manual";
  /**
   * Set `begins` for a request that logs in at the upstream, and `ends` for a request that logs out. Such requests may
   * replace the upstream's session cookie and token. After `begins`, the option `session.isLoggedOut` is applied.
   */
  readonly session?: "begins" | "ends";
}

const REQUEST_FIELDS = {
  method: true,
  path: true,
  query: true,
  headers: true,
  body: true,
  redirect: true,
  session: true,
} satisfies KnownOptions<UpstreamRequest>;
const BODY_FIELDS = { json: true, form: true } satisfies KnownOptions<NonNullable<UpstreamRequest["body"]>>;

/** Whether the method is safe (RFC 9110 §9.2.1). */
export function isSafe(method: string): method is SafeMethod {
  return method === "GET" || method === "HEAD";
}

/**
 * Builds the request to send, without its cookies, which can differ after each redirect.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` for a path outside `baseUrl`, a malformed header, or a header that the
 *   gateway sets itself.
 */
export function toWireRequest(
  request: UpstreamRequest,
  { baseUrl, headers: defaultHeaders }: Pick<ResolvedUpstreamOptions, "baseUrl" | "headers">,
  token: { readonly value: string; readonly sendAs: UpstreamCsrfOptions["sendAs"] } | null,
): WireRequest {
  requireKnownOptions("upstream request", request, REQUEST_FIELDS);
  requireKnownNestedOptions("upstream request", request, "body", BODY_FIELDS);
  requireOneOf("upstream request", "redirect", request.redirect, ["follow", "manual"]);
  requireOneOf("upstream request", "session", request.session, ["begins", "ends"]);
  const { method, path, query = {} } = request;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(defaultHeaders)) headers[name.toLowerCase()] = value;
  const faults: Fault[] = [];
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    const fault = headerFault(name, value);
    if (fault) faults.push({ path: `headers.${name}`, message: fault });
    headers[name.toLowerCase()] = value;
  }
  const url = resolvePath(path, baseUrl);
  if (!url) {
    faults.push({
      path: "path",
      message: "must be percent-encoded, start with / and stay below the base URL",
    });
  }
  if (!url || faults.length > 0) throw invalidInputError("upstream request", faults);
  for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
  let { body } = request;
  if (token && "header" in token.sendAs) headers[token.sendAs.header.toLowerCase()] = token.value;
  if (token && "field" in token.sendAs) body = addTokenToBody(body, token.sendAs.field, token.value);
  if (body)
    headers["content-type"] = "json" in body ? "application/json" : "application/x-www-form-urlencoded";
  return { method, path: url.pathname + url.search, headers, body: serializeBody(body) };
}

function addTokenToBody(
  body: UpstreamRequest["body"],
  field: string,
  token: string,
): UpstreamRequest["body"] {
  if (!body) return { form: { [field]: token } };
  if ("form" in body) return { form: { ...body.form, [field]: token } };
  if (isJsonObject(body.json)) return { json: { ...body.json, [field]: token } satisfies JsonObject };
  throw invalidInputError("upstream request", [
    { path: "body.json", message: "must be an object, because the CSRF token is sent as one of its members" },
  ]);
}

function serializeBody(body: UpstreamRequest["body"]): string | null {
  if (!body) return null;
  return "json" in body ? JSON.stringify(body.json) : new URLSearchParams(body.form).toString();
}
