import { hash } from "node:crypto";
import { systemClock } from "../session/clock.ts";
import { CoatcheckError } from "../session/errors.ts";
import type { SessionManager, SessionManagerOptions } from "../session/manager.ts";
import { touchThreshold } from "../session/policy.ts";
import { directReader } from "../session/reader.ts";
import { isLive, type SessionRecord } from "../session/record.ts";
import { DataSchema } from "../session/schema.ts";
import { newSessionId } from "../session/token.ts";
import type { CreateOptions } from "../session/transitions.ts";
import { SessionWriter } from "../session/writer.ts";

/** The user that a legacy session belongs to, as options for the new session. Without `subject` it is anonymous. */
export interface MigratedUser<Data> extends CreateOptions {
  readonly data?: Data;
}

/**
 * The state of a legacy session that has been migrated.
 *
 * - `open`: the new session is live, and a browser with the legacy cookie may receive its token.
 * - `already-used`: a browser already uses the token of the new session, so that the legacy cookie is no longer accepted.
 * - `ended`: the new session was revoked or has expired.
 */
export type MigrationRecord =
  | { readonly state: "open"; readonly record: SessionRecord; readonly token: string }
  | { readonly state: "already-used" }
  | { readonly state: "ended" };

/**
 * Creates exactly one session for each legacy session, even for concurrent requests on several nodes.
 *
 * The id of the new session is a hash of the legacy session's key. The store creates an id only once, so that one
 * request creates the session and all others find it. The secret is derived from that key and the application's
 * secrets, as in a periodic rotation. So concurrent requests receive the same token, and the legacy cookie alone is not
 * enough to compute it. A session that has ended stays in the store under its id until it is swept, so that the legacy
 * cookie cannot create it again.
 */
export class MigrationRecords<Data> {
  readonly #manager: SessionManager<Data>;
  readonly #parts: Omit<ConstructorParameters<typeof SessionWriter<Data>>[0], "random">;

  /** @param madeOf - the options that `manager` was created with. */
  constructor(manager: SessionManager<Data>, madeOf: SessionManagerOptions<Data>) {
    this.#manager = manager;
    this.#parts = {
      store: madeOf.store,
      reader: madeOf.cache ?? directReader(madeOf.store),
      ring: manager.ring,
      policy: manager.policy,
      schema: new DataSchema(madeOf.data ?? {}, manager.policy.maxDataBytes),
      events: manager.events,
      clock: madeOf.clock ?? systemClock,
      merge: null,
    };
  }

  /** The id of the session that replaces the legacy session `key`, whether or not that session exists yet. */
  sessionIdFor(key: string): string {
    return newSessionId((bytes) => bytes.set(hash("sha256", key, "buffer").subarray(0, bytes.length)));
  }

  /** The state of the legacy session `key`; null when it has not been migrated. */
  async find(key: string): Promise<MigrationRecord | null> {
    const id = this.sessionIdFor(key);
    const record = await this.#manager.find(id);
    if (record === null) return null;
    if (!isLive(record, this.#parts.clock.now())) return { state: "ended" };
    const secret = this.#manager.ring.findSuccessor(id, key, record.secretHash);
    if (secret === null || isInUse(record)) return { state: "already-used" };
    return { state: "open", record, token: this.#manager.ring.seal(id, secret) };
  }

  /**
   * Creates the session. If another request has created it first, returns the state of that session.
   *
   * @throws CoatcheckError `CONFLICT` when the subject has reached its session limit; `VALIDATION_FAILED` and
   *   `PAYLOAD_TOO_LARGE` for invalid fields of `migrant`.
   */
  async create(key: string, user: MigratedUser<Data>): Promise<MigrationRecord> {
    const id = this.sessionIdFor(key);
    const secret = Buffer.from(this.#manager.ring.deriveSuccessor(id, key), "base64url");
    const writer = new SessionWriter({ ...this.#parts, random: (bytes) => bytes.set(secret) });
    try {
      return { state: "open", ...(await writer.create({ ...user, id })) };
    } catch (error) {
      const isTaken = error instanceof CoatcheckError && error.code === "CONFLICT";
      const claim = isTaken ? await this.find(key) : null;
      if (claim === null) throw error;
      return claim;
    }
  }
}

/**
 * Whether a browser has received the new token: a request with it has been recorded as activity. Until then, the
 * response with the token may have been lost, so that a request with the legacy cookie receives the token again.
 */
function isInUse({ createdAt, lastSeenAt, idleTimeout }: SessionRecord): boolean {
  return lastSeenAt >= createdAt + touchThreshold(idleTimeout);
}
