import type { Arrival } from "./client-address.ts";

/** A request, as every framework can show it. */
export interface HttpRequest extends Arrival {
  readonly method: string;
  /** The path that the client asked for, before any router took parts of it away; a query may follow. */
  readonly url: string;
}

/** The headers of a response that has not left. `Headers` of the fetch standard is one. */
export interface ResponseHead {
  get(name: string): string | null;
  set(name: string, value: string): void;
  append(name: string, value: string): void;
}

/** Adds a field name to `Vary`, unless it is there already (RFC 9110 §12.5.5). */
export function addVary(head: ResponseHead, field: string): void {
  const present = head.get("vary");
  if (present === null || present === "") {
    head.set("vary", field);
    return;
  }
  const names = present.split(",").map((name) => name.trim().toLowerCase());
  if (!names.includes("*") && !names.includes(field.toLowerCase())) head.set("vary", `${present}, ${field}`);
}

/** For one browser alone. */
export const PRIVATE = "private, no-store";

/** Even a route that is public otherwise: a cache that kept this would hand one browser's cookies to strangers. */
export function keepFromCaches(head: ResponseHead): void {
  // What a route says besides, such as that its stream may not be compressed, goes on to hold.
  if (!head.get("cache-control")?.includes("no-store")) head.set("cache-control", PRIVATE);
}

/** Adds `Set-Cookie` values. */
export function setCookies(head: ResponseHead, values: readonly string[]): void {
  keepFromCaches(head);
  for (const value of values) head.append("set-cookie", value);
}
