import type { MaybePromise } from "../session/session.ts";
import type { LegacyCookies } from "./cookies.ts";

/** A session of the older system whose cookie is genuine. */
export interface LegacySession<Found> {
  /**
   * What names this session and no other, however its cookie is spelled. At most one session is ever made of it. Only
   * its hash is kept.
   */
  readonly key: string;
  /** What the older system knows of it; null when it knows nothing any more. */
  open(): MaybePromise<Found | null>;
  /** Ends it where the older system can; calling it twice is no error. */
  end(): Promise<void>;
}

/**
 * What became of reading a cookie. `absent`: there is none. `unreadable`: garbage, forged, or made with a key that is
 * not known here. `expired`: genuine, and past its time.
 */
export type Reading<Found> = LegacySession<Found> | "absent" | "unreadable" | "expired";

/** Reads one kind of older session cookie. It never throws for what a browser may send. */
export interface LegacyReader<Found> {
  /** Keeps the sessions of several readers apart. */
  readonly kind: string;
  /** The cookies that belong to the older session, and go with it. */
  readonly cookies: readonly string[];
  read(cookies: LegacyCookies): MaybePromise<Reading<Found>>;
}

/** Reads each value of a cookie in turn: the first that is a session counts, else what came closest to one. */
export async function readEach<Found>(
  values: readonly string[],
  read: (value: string) => MaybePromise<LegacySession<Found> | "unreadable" | "expired">,
): Promise<Reading<Found>> {
  let closest: Reading<Found> = "absent";
  for (const value of values) {
    const reading = await read(value);
    if (typeof reading === "object") return reading;
    if (closest !== "expired") closest = reading;
  }
  return closest;
}

/**
 * For a cookie that holds the whole session: there is nothing on a server to end. Without a key it is unreadable: types
 * promise one, cookies do not, and whoever lacks it would share one session with all others who do.
 */
export function statelessSession<Found>(key: string, found: Found): LegacySession<Found> | "unreadable" {
  if (typeof key !== "string" || key === "") return "unreadable";
  return { key, open: () => found, end: async () => undefined };
}
