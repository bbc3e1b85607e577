import type { JsonValue } from "../session/json.ts";
import { upstreamUnavailableError } from "./errors.ts";
import type { WireResponse } from "./messages.ts";

/** A response of the upstream. It has no cookies, because they stay in the session, and no connection-level headers. */
export interface UpstreamResponse {
  /** From 200 to 499. A status of 500 or above is thrown as `UPSTREAM_UNAVAILABLE`. */
  readonly status: number;
  /** The URL of the last request after all redirects, with the upstream's public origin. */
  readonly url: string;
  /** Whether the gateway has followed a redirect. After 301, 302 and 303 the last request was a `GET`. */
  readonly redirected: boolean;
  readonly headers: Headers;
  /**
   * The decompressed body, decoded by the charset of `Content-Type`. Default: UTF-8. Do not show it to users unchanged:
   * it may contain internal details of the upstream.
   */
  readonly text: string;
  /**
   * Parses the body.
   *
   * @throws CoatcheckError `UPSTREAM_UNAVAILABLE` when the body is empty or is not JSON.
   */
  json(): JsonValue;
}

/**
 * Headers that are removed: cookies, hop-by-hop headers (RFC 9110 §7.6.1), and the encodings of the body, which is
 * already decoded.
 */
const OMITTED_HEADERS = new Set([
  "set-cookie",
  "set-cookie2",
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-encoding",
  "content-length",
  "trailer",
  "upgrade",
]);

/**
 * Converts the response that the transport received into the response for the application.
 *
 * @param from - the last request's URL, and whether a redirect led to it.
 */
export function toUpstreamResponse(
  { status, headers: received, body }: WireResponse,
  from: { readonly url: URL; readonly redirected: boolean },
): UpstreamResponse {
  const headers = new Headers();
  for (const [name, value] of Object.entries(received)) {
    if (value === undefined || OMITTED_HEADERS.has(name)) continue;
    for (const each of [value].flat()) headers.append(name, each);
  }
  const text = decodeText(body, headers.get("content-type"));
  return {
    status,
    url: from.url.href,
    redirected: from.redirected,
    headers,
    text,
    json() {
      try {
        return JSON.parse(text);
      } catch {
        const what = text.trim() === "" ? "an empty body" : "a body that is not JSON";
        throw upstreamUnavailableError(`responded with status ${status} and ${what}`);
      }
    },
  };
}

function decodeText(body: Buffer, contentType: string | null): string {
  const [, charset = "utf-8"] = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType ?? "") ?? [];
  try {
    return new TextDecoder(charset).decode(body);
  } catch {
    return new TextDecoder().decode(body);
  }
}
