import type { MaybePromise } from "../session/maybe-promise.ts";
import type { LegacyCookies } from "./cookies.ts";
import type { LegacyLifetime } from "./lifetime.ts";

/** A legacy session whose cookie is authentic. */
export interface LegacySession<Found> {
  /**
   * A key that identifies exactly this session, even if its cookie can be encoded in several ways. At most one new
   * session is created for each key. Only a hash of the key is stored.
   */
  readonly key: string;
  /** Loads the data of the session; null when the legacy system no longer has it. */
  open(): MaybePromise<Found | null>;
  /** Returns when the session ends. `found` is the result of {@link open}. */
  lifetime(found: Found): LegacyLifetime;
  /** Ends the session at the legacy system, where possible. Idempotent. */
  end(): Promise<void>;
}

/**
 * The result of reading a legacy cookie.
 *
 * - `absent`: the request does not carry the cookie.
 * - `unreadable`: the cookie is malformed, forged, or made with an unknown key.
 * - `expired`: the cookie is authentic and has expired.
 */
export type LegacyReadResult<Found> = LegacySession<Found> | "absent" | "unreadable" | "expired";

/** Reads one kind of legacy session cookie. */
export interface LegacyReader<Found> {
  /** Distinguishes the keys of this reader from the keys of other readers. */
  readonly kind: string;
  /** The names of all cookies of the legacy session. They are cleared after the migration. */
  readonly cookies: readonly string[];
  /** Reads the cookies of a request. Throws only in an outage, never for malformed cookies. */
  read(cookies: LegacyCookies): MaybePromise<LegacyReadResult<Found>>;
}

/**
 * Reads all values of a cookie in order, and returns the first session that it finds. If no value is a session, returns
 * `expired` if at least one value has expired, else `unreadable`.
 */
export async function readFirst<Found>(
  values: readonly string[],
  read: (value: string) => MaybePromise<LegacySession<Found> | "unreadable" | "expired">,
): Promise<LegacyReadResult<Found>> {
  let closest: LegacyReadResult<Found> = "absent";
  for (const value of values) {
    const reading = await read(value);
    if (typeof reading === "object") return reading;
    if (closest !== "expired") closest = reading;
  }
  return closest;
}

/**
 * Creates a legacy session whose cookie contains all of its data, so there is nothing to end on a server. A missing or
 * empty `key` makes the cookie unreadable: otherwise all users without a key would share one session.
 *
 * @param lifetime when the session ends. Default: unknown.
 */
export function statelessSession<Found>(
  key: string,
  found: Found,
  lifetime: LegacyLifetime = null,
): LegacySession<Found> | "unreadable" {
  if (typeof key !== "string" || key === "") return "unreadable";
  return { key, open: () => found, lifetime: () => lifetime, end: async () => undefined };
}
