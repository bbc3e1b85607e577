import { createHmac, timingSafeEqual } from "node:crypto";
import { type KnownOptions, requireKnownOptions, requireList } from "../session/known-options.ts";
import type { LegacyLifetime } from "./lifetime.ts";
import { type LegacyReader, type LegacySession, readFirst } from "./reader.ts";

/** The methods of an express-session store (connect-redis, connect-pg-simple, `MemoryStore`) that the reader calls. */
export interface ExpressSessionStore<Found> {
  get(sid: string, callback: (error: unknown, session?: Found | null) => void): void;
  destroy(sid: string, callback?: (error?: unknown) => void): void;
}

/** Options of {@link expressSession}: how the legacy site configures express-session. */
export interface ExpressSessionOptions<Found> {
  readonly store: ExpressSessionStore<Found>;
  /** All secrets that may have signed a cookie, in any order. */
  readonly secrets: readonly string[];
  /** The name of the cookie. Default: `connect.sid`. */
  readonly name?: string;
}

const EXPRESS_SESSION_OPTIONS = { store: true, secrets: true, name: true } satisfies KnownOptions<
  ExpressSessionOptions<unknown>
>;

/**
 * Reads the sessions of express-session: verifies the signed id in the cookie and loads the session from its store.
 * `validate` receives the stored session, including its `cookie` member.
 *
 * @throws UsageError for an unknown option, and for `secrets` that are not a list.
 */
export function expressSession<Found extends object>(
  options: ExpressSessionOptions<Found>,
): LegacyReader<Found> {
  requireKnownOptions("options of expressSession()", options, EXPRESS_SESSION_OPTIONS);
  const { store, secrets, name = "connect.sid" } = options;
  requireList("options of expressSession()", "secrets", secrets);
  const sessionOf = (sid: string): LegacySession<Found> => ({
    key: sid,
    open: async () => {
      const found = await loadStoredSession(store, sid);
      return found && !isExpired(found) ? found : null;
    },
    lifetime: lifetimeOf,
    end: () =>
      new Promise((resolve, reject) => {
        store.destroy(sid, (error) => (error ? reject(error) : resolve()));
      }),
  });
  return {
    kind: "express-session",
    cookies: [name],
    read: (cookies) =>
      readFirst(cookies.all(name), (value) => {
        const sid = verifiedId(value, secrets);
        return sid === null ? "unreadable" : sessionOf(sid);
      }),
  };
}

/**
 * Returns the session id in a cookie value; null if its signature is invalid. Format of the cookie-signature package:
 * `s:<id>.<signature>`, where the signature is HMAC-SHA256 in base64 without padding.
 */
function verifiedId(value: string, secrets: readonly string[]): string | null {
  const dot = value.lastIndexOf(".");
  if (!value.startsWith("s:") || dot < 3) return null;
  const sid = value.slice(2, dot);
  const actual = Buffer.from(value.slice(dot + 1));
  const isSigned = secrets.some((secret) => {
    const expected = createHmac("sha256", secret).update(sid).digest("base64").replace(/=+$/, "");
    return actual.length === expected.length && timingSafeEqual(actual, Buffer.from(expected));
  });
  return isSigned ? sid : null;
}

function loadStoredSession<Found>(store: ExpressSessionStore<Found>, sid: string): Promise<Found | null> {
  return new Promise((resolve, reject) => {
    store.get(sid, (error, session) => {
      // File-based stores report a missing session as ENOENT. express-session also treats it as missing.
      const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
      if (error && !isMissing) reject(error);
      else resolve(session ?? null);
    });
  });
}

/** Whether the session's cookie has expired. Some stores return expired sessions. */
function isExpired(session: object): boolean {
  const lifetime = lifetimeOf(session);
  return typeof lifetime === "number" && lifetime <= Date.now();
}

/**
 * Returns the lifetime of the session's cookie. The stored session contains the attributes of the cookie. A cookie
 * without `expires` ends when the browser closes.
 */
function lifetimeOf(session: object): LegacyLifetime {
  const cookie: unknown = "cookie" in session ? session.cookie : null;
  if (typeof cookie !== "object" || cookie === null) return null;
  const expires: unknown = "expires" in cookie ? cookie.expires : null;
  if (!(expires instanceof Date) && typeof expires !== "string") return "browser";
  const time = new Date(expires).getTime();
  return Number.isNaN(time) ? null : time;
}
