import type { ConnectionInfo } from "./client-address.ts";

/** The parts of a request that Coatcheck reads. Every adapter maps its framework's request to this interface. */
export interface HttpRequest extends ConnectionInfo {
  readonly method: string;
  /** The path that the client requested, before any router removed a prefix. May include a query. */
  readonly url: string;
}

/**
 * The headers of a response that has not been sent. The fetch standard's `Headers` implements this. Names are lower
 * case.
 */
export interface ResponseHeaders {
  get(name: string): string | null;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
}

/** Adds a field name to `Vary`, unless `Vary` covers it already (RFC 9110 §12.5.5). */
export function addVary(headers: ResponseHeaders, field: string): void {
  const present = headers.get("vary");
  if (present === null || present === "") {
    headers.set("vary", field);
    return;
  }
  const names = present.split(",").map((name) => name.trim().toLowerCase());
  if (!names.includes("*") && !names.includes(field.toLowerCase()))
    headers.set("vary", `${present}, ${field}`);
}

/** The `Cache-Control` value of a response that is meant for one browser. */
export const PRIVATE_NO_STORE = "private, no-store";

/** Forbids caching, even if the route allows it, because a shared cache would send one browser's cookies to others. */
export function forbidCaching(headers: ResponseHeaders): void {
  // Keep an existing value with `no-store`, because it may have more directives, such as the `no-transform` of an event
  // stream.
  if (!headers.get("cache-control")?.includes("no-store")) headers.set("cache-control", PRIVATE_NO_STORE);
}

/** Appends `Set-Cookie` values and forbids caching. */
export function setCookies(headers: ResponseHeaders, values: readonly string[]): void {
  forbidCaching(headers);
  for (const value of values) headers.append("set-cookie", value);
}
