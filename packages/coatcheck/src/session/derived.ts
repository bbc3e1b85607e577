import { hash } from "node:crypto";
import type { IssuedSession, SessionDependencies } from "./dependencies.ts";
import { CoatcheckError } from "./errors.ts";
import { isLive, type SessionRecord } from "./record.ts";
import type { RecordedBinding } from "./recorded-binding.ts";
import { newSessionId } from "./token.ts";
import type { CreateOptions } from "./transitions.ts";
import type { SessionWriter } from "./writer.ts";

/** The present state of a session that was derived from a key. */
export interface DerivedSession {
  readonly record: SessionRecord;
  /** Whether the session is active and within both timeouts. */
  readonly isLive: boolean;
  /** The token derived from the key. Null after the session has ended or its secret has been replaced. */
  readonly token: IssuedSession["token"] | null;
}

/**
 * Creates exactly one session per key, even for concurrent requests on several nodes.
 *
 * The id is a hash of the key. The store creates an id only once, so one caller creates the session and all others find
 * it. The secret is derived from the key and the application's secrets, so concurrent callers get the same token. The
 * key alone is not enough to compute the token. A session that has ended stays in the store under its id until it is
 * swept, so until then the key cannot create a second session.
 */
export class DerivedSessions<Data> {
  readonly #writer: SessionWriter<Data>;
  readonly #deps: SessionDependencies<Data>;

  constructor(writer: SessionWriter<Data>, deps: SessionDependencies<Data>) {
    this.#writer = writer;
    this.#deps = deps;
  }

  /** Implements `SessionManager.findDerived`. */
  async find(key: string): Promise<DerivedSession | null> {
    const { reader, clock, ring } = this.#deps;
    const id = derivedId(key);
    const { cached } = await reader.read(id, { fresh: true });
    if (cached === null) return null;
    const { record } = cached;
    if (!isLive(record, clock.now())) return { record, isLive: false, token: null };
    const secret = ring.findSuccessor(id, key, record.secretHash);
    return { record, isLive: true, token: secret && ring.seal(id, secret) };
  }

  /** Implements `SessionManager.createDerived`. */
  async create(
    key: string,
    options: CreateOptions & { data?: Data; binding?: RecordedBinding | null },
  ): Promise<DerivedSession> {
    const id = derivedId(key);
    const secret = this.#deps.ring.deriveSuccessor(id, key);
    try {
      return { isLive: true, ...(await this.#writer.create({ ...options, id, secret })) };
    } catch (error) {
      const isTaken = error instanceof CoatcheckError && error.code === "CONFLICT";
      const existing = isTaken ? await this.find(key) : null;
      if (existing === null) throw error;
      return existing;
    }
  }
}

/** Returns the id of the session that is derived from a key. */
export function derivedId(key: string): string {
  return newSessionId((bytes) => bytes.set(hash("sha256", key, "buffer").subarray(0, bytes.length)));
}
