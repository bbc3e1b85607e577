import { createHmac, timingSafeEqual } from "node:crypto";
import { type LegacyReader, type LegacySession, readEach } from "./reader.ts";

/** What is needed of a store of express-session: connect-redis, connect-pg-simple, its `MemoryStore`, … */
export interface ExpressSessionStore<Found> {
  get(sid: string, callback: (error: unknown, session?: Found | null) => void): void;
  destroy(sid: string, callback?: (error?: unknown) => void): void;
}

/** How express-session was set up. */
export interface ExpressSessionOptions<Found> {
  readonly store: ExpressSessionStore<Found>;
  /** All that may have signed a cookie, in any order. */
  readonly secrets: readonly string[];
  /** `connect.sid` unless given. */
  readonly name?: string;
}

/**
 * Reads the cookies of express-session: a signed id, and the session in its store. What is found is what the store
 * holds, `cookie` included.
 */
export function expressSession<Found extends object>(
  options: ExpressSessionOptions<Found>,
): LegacyReader<Found> {
  const { store, secrets, name = "connect.sid" } = options;
  const sessionOf = (sid: string): LegacySession<Found> => ({
    key: sid,
    open: async () => {
      const found = await got(store, sid);
      return found && !isPast(found) ? found : null;
    },
    end: () =>
      new Promise((resolve, reject) => {
        store.destroy(sid, (error) => (error ? reject(error) : resolve()));
      }),
  });
  return {
    kind: "express-session",
    cookies: [name],
    read: (cookies) =>
      readEach(cookies.all(name), (value) => {
        const sid = unsigned(value, secrets);
        return sid === null ? "unreadable" : sessionOf(sid);
      }),
  };
}

/** `s:<id>.<signature>`, as cookie-signature writes it: HMAC-SHA256, base64 without padding. */
function unsigned(value: string, secrets: readonly string[]): string | null {
  const dot = value.lastIndexOf(".");
  if (!value.startsWith("s:") || dot < 3) return null;
  const sid = value.slice(2, dot);
  const given = Buffer.from(value.slice(dot + 1));
  const isSigned = secrets.some((secret) => {
    const right = createHmac("sha256", secret).update(sid).digest("base64").replace(/=+$/, "");
    return given.length === right.length && timingSafeEqual(given, Buffer.from(right));
  });
  return isSigned ? sid : null;
}

function got<Found>(store: ExpressSessionStore<Found>, sid: string): Promise<Found | null> {
  return new Promise((resolve, reject) => {
    store.get(sid, (error, session) => {
      // How a store of files says that there is none; express-session takes it so, too.
      const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
      if (error && !isMissing) reject(error);
      else resolve(session ?? null);
    });
  });
}

/** Stores without a clock of their own leave it to the reader to look. */
function isPast(session: object): boolean {
  const cookie: unknown = "cookie" in session ? session.cookie : null;
  if (typeof cookie !== "object" || cookie === null || !("expires" in cookie)) return false;
  const { expires } = cookie;
  if (!(expires instanceof Date) && typeof expires !== "string") return false;
  return new Date(expires).getTime() <= Date.now();
}
