import { isJsonObject, type JsonValue } from "../session/json.ts";
import type { UpstreamAnswer } from "./answer.ts";
import { upstreamUnavailable } from "./errors.ts";
import { findAttribute } from "./html.ts";
import { Jar } from "./jar.ts";
import type { CsrfSource } from "./options.ts";
import type { Standing } from "./state.ts";

/** The token that a session would send now; null when it has none. A cookie's is whatever the cookie says by now. */
export function heldToken(source: CsrfSource, standing: Standing, url: URL): string | null {
  if (!("cookie" in source)) return standing.token;
  return decoded(new Jar(standing.cookies).value(source.cookie, url));
}

/**
 * The token in the answer that should bring one; null for a cookie's, which stands in the jar.
 *
 * @throws CoatcheckError `UPSTREAM_UNAVAILABLE` when it is not where it should be.
 */
export function takenToken(source: CsrfSource, answer: UpstreamAnswer, jar: Jar, url: URL): string | null {
  const token = "cookie" in source ? jar.value(source.cookie, url) : tokenIn(source, answer);
  if (!token) throw upstreamUnavailable(`answered ${answer.status} without the CSRF token it was asked for`);
  return "cookie" in source ? null : token;
}

function tokenIn(source: Exclude<CsrfSource, { cookie: string }>, answer: UpstreamAnswer): string | null {
  if ("header" in source) return answer.headers.get(source.header);
  if ("meta" in source) return findAttribute(answer.text, "meta", source.meta, "content");
  if ("input" in source) return findAttribute(answer.text, "input", source.input, "value");
  let value: JsonValue | undefined = answer.json();
  for (const name of source.json.split(".")) {
    value = isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return typeof value === "string" ? value : null;
}

function decoded(value: string | null): string | null {
  try {
    return value && decodeURIComponent(value);
  } catch {
    return value;
  }
}
