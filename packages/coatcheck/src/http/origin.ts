import type { Fault } from "../session/errors.ts";

/** Returns the host of a web page's origin, with its port unless it is the default port; null for any other text. */
export function hostOf(origin: string): string | null {
  if (!URL.canParse(origin)) return null;
  const { protocol, host } = new URL(origin);
  return protocol === "https:" || protocol === "http:" ? host : null;
}

/** Returns a fault for each entry that no browser sends as `Origin`, or that would allow every site. */
export function originFaults(origins: readonly string[]): Fault[] {
  if (!Array.isArray(origins)) return [{ path: "trustedOrigins", message: "must be a list of origins" }];
  return origins.flatMap((origin, index) => {
    const message = originFault(origin);
    return message === null ? [] : [{ path: `trustedOrigins.${index}`, message }];
  });
}

function originFault(text: unknown): string | null {
  if (text === "*")
    return 'must not be "*", which would let every site send requests as the visitor: list each origin';
  if (text === "null") {
    return 'must not be "null", which sandboxed frames of every site send: list an origin, or use a bearer token';
  }
  if (typeof text !== "string" || !URL.canParse(text)) return "must be scheme://host[:port]";
  if (text.includes("*")) {
    return "must not contain a wildcard, because one sub-domain that is taken over would be trusted too: list each origin";
  }
  const origin = serializeOrigin(new URL(text));
  if (origin === null) return "must be scheme://host[:port]";
  return origin === text ? null : `must be written as browsers send it, without a path: "${origin}"`;
}

/**
 * Returns the origin as browsers send it; null if the URL has no origin. For schemes like `capacitor:` the URL standard
 * defines no origin, but web views and extensions send scheme and host: `capacitor://localhost`.
 */
function serializeOrigin({ origin, protocol, host }: URL): string | null {
  if (origin !== "null") return origin;
  return host === "" ? null : `${protocol}//${host.toLowerCase()}`;
}
