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

/** Who an older session turned out to belong to: what a session is made with. Without `subject` it is anonymous. */
export interface Migrant<Data> extends CreateOptions {
  readonly data?: Data;
}

/**
 * What the older session has become. `open`: a session that this browser may have the token of. `spent`: a session
 * whose token a browser has been using for a while, so that the older cookie opens nothing any more. `ended`: a session
 * that was revoked or has expired.
 */
export type Claim =
  | { readonly state: "open"; readonly record: SessionRecord; readonly token: string }
  | { readonly state: "spent" }
  | { readonly state: "ended" };

/**
 * Makes one session of an older one, whoever asks at once and on whatever node.
 *
 * The new session's id is a hash of what names the older one, so that the store, which creates an id once, decides who
 * makes it. Its secret is derived, as in a periodic rotation, from the older one and the application's secrets: all who
 * ask get the same token, and nobody who has only the older cookie can work it out. A session that was ended stays in
 * the store under its id, until it is swept, and so does not come back.
 */
export class Claims<Data> {
  readonly #manager: SessionManager<Data>;
  readonly #parts: Omit<ConstructorParameters<typeof SessionWriter<Data>>[0], "random">;

  /** @param madeOf what `manager` was made of. */
  constructor(manager: SessionManager<Data>, madeOf: SessionManagerOptions<Data>) {
    this.#manager = manager;
    this.#parts = {
      store: madeOf.store,
      reader: madeOf.cache ?? directReader(madeOf.store),
      ring: manager.ring,
      policy: manager.policy,
      schema: new DataSchema(madeOf.data ?? {}, manager.policy.dataLimit),
      events: manager.events,
      clock: madeOf.clock ?? systemClock,
      merge: null,
    };
  }

  /** The id of the session that is, or would be, made of the older one. */
  idOf(key: string): string {
    return newSessionId((bytes) => bytes.set(hash("sha256", key, "buffer").subarray(0, bytes.length)));
  }

  /** What has become of the older session; null when nothing has yet. */
  async find(key: string): Promise<Claim | null> {
    const id = this.idOf(key);
    const record = await this.#manager.find(id);
    if (record === null) return null;
    if (!isLive(record, this.#parts.clock.now())) return { state: "ended" };
    const secret = this.#manager.ring.successorMatching(id, key, record.secretHash);
    if (secret === null || isInUse(record)) return { state: "spent" };
    return { state: "open", record, token: this.#manager.ring.seal(id, secret) };
  }

  /**
   * Makes the session, or finds the one that somebody else has made meanwhile.
   *
   * @throws CoatcheckError `CONFLICT` at the subject's limit of sessions, `VALIDATION_FAILED` and `PAYLOAD_TOO_LARGE`
   * for what the migrant brings.
   */
  async make(key: string, migrant: Migrant<Data>): Promise<Claim> {
    const id = this.idOf(key);
    const secret = Buffer.from(this.#manager.ring.successor(id, key), "base64url");
    const writer = new SessionWriter({ ...this.#parts, random: (bytes) => bytes.set(secret) });
    try {
      return { state: "open", ...(await writer.create({ ...migrant, id })) };
    } catch (error) {
      const isTaken = error instanceof CoatcheckError && error.code === "CONFLICT";
      const claim = isTaken ? await this.find(key) : null;
      if (claim === null) throw error;
      return claim;
    }
  }
}

/**
 * Whether a browser has the new token: it came back with it, later than activity takes to be recorded. Until then the
 * answer with the token may have been lost, and whoever holds the older cookie is handed the token again.
 */
function isInUse({ createdAt, lastSeenAt, idleTimeout }: SessionRecord): boolean {
  return lastSeenAt >= createdAt + touchThreshold(idleTimeout);
}
