/** A `Set-Cookie` header as a browser parses it (RFC 6265bis §5.6). */
export interface SetCookie {
  readonly name: string;
  /** The secret value. Never print it. */
  readonly value: string;
  /** The attributes with lower-case names. If a name appears twice, the last value applies. */
  readonly attributes: ReadonlyMap<string, string>;
}

/** Parses the value of a `Set-Cookie` header. */
export function parseSetCookie(line: string): SetCookie {
  const [pair = "", ...rest] = line.split(";");
  const [name, value] = splitPair(pair);
  const attributes = new Map(
    rest.map((attribute) => {
      const [key, content] = splitPair(attribute);
      return [key.toLowerCase(), content] as const;
    }),
  );
  return { name, value, attributes };
}

/**
 * Returns when the cookie expires, in epoch milliseconds. Null for a cookie that the browser deletes when it is closed.
 * `Max-Age` takes precedence over `Expires`.
 */
export function expiryOf({ attributes }: SetCookie, now: number): number | null {
  const maxAge = attributes.get("max-age");
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return now + Number(maxAge) * 1000;
  const expires = Date.parse(attributes.get("expires") ?? "");
  return Number.isNaN(expires) ? null : expires;
}

/** Whether the header deletes a cookie. */
export function deletesCookie(cookie: SetCookie): boolean {
  return cookie.value === "" && (expiryOf(cookie, 0) ?? 1) <= 0;
}

function splitPair(text: string): [name: string, value: string] {
  const equals = text.indexOf("=");
  if (equals === -1) return [text.trim(), ""];
  return [text.slice(0, equals).trim(), text.slice(equals + 1).trim()];
}
