import { isJsonObject, type JsonValue } from "../session/json.ts";
import { upstreamUnavailable } from "./errors.ts";
import { findAttribute } from "./html.ts";
import { Jar } from "./jar.ts";
import type { UpstreamCsrfSource } from "./options.ts";
import type { UpstreamResponse } from "./response.ts";
import type { UpstreamCredentials } from "./state.ts";

/**
 * The CSRF token that a session sends with its next unsafe request; null when it has none. A token from a cookie is
 * read from the cookie each time, because any response may replace the cookie.
 */
export function currentToken(
  source: UpstreamCsrfSource,
  credentials: UpstreamCredentials,
  url: URL,
): string | null {
  if (!("cookie" in source)) return credentials.token;
  return decodePercent(new Jar(credentials.cookies).value(source.cookie, url));
}

/**
 * Extracts the CSRF token from the response to a request for one. Returns null for a cookie token, which is stored in
 * the jar and not beside it.
 *
 * @throws CoatcheckError `UPSTREAM_UNAVAILABLE` when the response has no token at the configured place.
 */
export function extractToken(
  source: UpstreamCsrfSource,
  response: UpstreamResponse,
  jar: Jar,
  url: URL,
): string | null {
  const token = "cookie" in source ? jar.value(source.cookie, url) : tokenIn(source, response);
  if (!token) throw upstreamUnavailable(`responded with status ${response.status} but without a CSRF token`);
  return "cookie" in source ? null : token;
}

function tokenIn(
  source: Exclude<UpstreamCsrfSource, { cookie: string }>,
  response: UpstreamResponse,
): string | null {
  if ("header" in source) return response.headers.get(source.header);
  if ("meta" in source) return findAttribute(response.text, "meta", source.meta, "content");
  if ("input" in source) return findAttribute(response.text, "input", source.input, "value");
  let value: JsonValue | undefined = response.json();
  for (const name of source.json.split(".")) {
    value = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return typeof value === "string" ? value : null;
}

function decodePercent(value: string | null): string | null {
  try {
    return value && decodeURIComponent(value);
  } catch {
    return value;
  }
}
