import type { JsonValue } from "../session/json.ts";
import { upstreamUnavailable } from "./errors.ts";

/**
 * What the upstream answered, for the application to translate. Cookies are not in it: they stay in the session.
 * Neither is anything that concerns the connection rather than the message.
 */
export interface UpstreamAnswer {
  /** 200 to 499: server errors are thrown. */
  readonly status: number;
  readonly headers: Headers;
  /** The body, decompressed, decoded by the charset it names (UTF-8 without one). Not fit to be shown as it is. */
  readonly text: string;
  /** @throws CoatcheckError `UPSTREAM_UNAVAILABLE` when the body is anything but JSON; empty is not JSON. */
  json(): JsonValue;
}

/** Names the server's side of the connection, or what has been undone already; and the cookies. */
const WITHHELD = new Set([
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

/** Builds the answer from what came over the wire. */
export function answerOf(
  status: number,
  received: Readonly<Record<string, string | string[] | undefined>>,
  body: Buffer,
): UpstreamAnswer {
  const headers = new Headers();
  for (const [name, value] of Object.entries(received)) {
    if (value === undefined || WITHHELD.has(name)) continue;
    for (const each of [value].flat()) headers.append(name, each);
  }
  const text = decode(body, headers.get("content-type"));
  return {
    status,
    headers,
    text,
    json() {
      try {
        return JSON.parse(text);
      } catch {
        const what = text.trim() === "" ? "with nothing" : "with something else than JSON";
        throw upstreamUnavailable(`answered ${status} ${what}`);
      }
    },
  };
}

function decode(body: Buffer, contentType: string | null): string {
  const [, charset = "utf-8"] = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType ?? "") ?? [];
  try {
    return new TextDecoder(charset).decode(body);
  } catch {
    return new TextDecoder().decode(body);
  }
}
