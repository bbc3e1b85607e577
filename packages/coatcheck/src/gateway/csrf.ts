import { isJsonObject, parseJson } from "../session/json.ts";
import { callPredicate } from "./application-test.ts";
import { upstreamUnavailableError } from "./errors.ts";
import { findInPage } from "./html.ts";
import { Jar } from "./jar.ts";
import type { UpstreamCsrfOptions, UpstreamCsrfSource } from "./options.ts";
import { isSafe } from "./request.ts";
import type { UpstreamResponse } from "./response.ts";
import type { UpstreamCredentials } from "./state.ts";

/**
 * Returns the CSRF token for the session's next unsafe request; null when there is none. A token from a cookie is read
 * from the cookie each time, because any response may replace the cookie.
 */
export function currentToken(
  source: UpstreamCsrfSource,
  credentials: UpstreamCredentials,
  url: URL,
): string | null {
  if (!("cookie" in source)) return credentials.token;
  return decodePercent(new Jar(credentials.cookies).cookieValue(source.cookie, url));
}

/**
 * Extracts the CSRF token from the response to a token request. Returns null for a token in a cookie, because the
 * cookie jar already stores it.
 *
 * @throws CoatcheckError `UPSTREAM_UNAVAILABLE` when the response does not contain the token where `csrf.source` says.
 */
export function extractToken(
  source: UpstreamCsrfSource,
  response: UpstreamResponse,
  jar: Jar,
  url: URL,
): string | null {
  const token =
    "cookie" in source ? jar.cookieValue(source.cookie, url) : findToken(source, response, response.json);
  if (!token)
    throw upstreamUnavailableError(`responded with status ${response.status} but without a CSRF token`);
  return "cookie" in source ? null : token;
}

/**
 * Returns the new CSRF token in a response to a request other than a token request; null if the response contains no
 * token, or if `renewFrom` excludes the response.
 */
export function findRenewedToken(
  { source, renewFrom = "json" in source ? "path" : "writes" }: UpstreamCsrfOptions,
  method: string,
  response: UpstreamResponse,
): string | null {
  if ("cookie" in source || renewFrom === "path" || (renewFrom === "writes" && isSafe(method))) return null;
  const isHtml = /\bhtml\b/i.test(response.headers.get("content-type") ?? "");
  if (("meta" in source || "input" in source) && !isHtml) return null;
  return findToken(source, response, () => parseJson(response.text)) || null;
}

/** Whether the response means that the upstream has refused the token. */
export function isTokenRefused(
  { staleToken = [403] }: UpstreamCsrfOptions,
  response: UpstreamResponse,
): boolean {
  if (typeof staleToken !== "function") return staleToken.includes(response.status);
  return callPredicate("csrf.staleToken", staleToken, response);
}

function findToken(
  source: Exclude<UpstreamCsrfSource, { cookie: string }>,
  response: UpstreamResponse,
  json: () => unknown,
): string | null {
  if ("header" in source) return response.headers.get(source.header);
  if ("meta" in source) {
    return findInPage(response.text, { tag: "meta", name: source.meta, attribute: "content" });
  }
  if ("input" in source) {
    const { input: name, form } = source;
    return findInPage(response.text, { tag: "input", name, attribute: "value", ...(form ? { form } : {}) });
  }
  let value: unknown = json();
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
