import type { SessionDependencies } from "./dependencies.ts";
import { CoatcheckError } from "./errors.ts";
import { selectEvictions, sessionLimitOf } from "./limit.ts";
import type { SessionLimit } from "./policy.ts";
import type { ReadOptions } from "./reader.ts";
import { isSessionId, type SessionRecord } from "./record.ts";
import type { PutOptions, PutOutcome } from "./store.ts";
import { compactId } from "./token.ts";

/** How many times a commit is tried. Each failed attempt means that another process wrote first. */
const MAX_COMMIT_ATTEMPTS = 100;
/** Number of retries without a pause. More are rarely needed, because a single other write causes most conflicts. */
const IMMEDIATE_RETRIES = 2;
/** The longest pause before a retry, in milliseconds. */
const MAX_RETRY_PAUSE = 100;

/** Options of {@link Committer.commit}. */
export interface CommitOptions {
  readonly kind: PutOptions["change"];
  readonly limit?: SessionLimit | null;
  /** Revokes a session to make room under the session limit. */
  readonly evict?: (session: string) => Promise<unknown>;
}

/** Stores records by compare-and-set, and updates this process's caches. */
export class Committer<Data> {
  readonly #deps: SessionDependencies<Data>;

  constructor(deps: SessionDependencies<Data>) {
    this.#deps = deps;
  }

  /**
   * Stores the record that `next` returns. After a conflict it calls `next` again with the newer record. Retries pause
   * for a random time, so that two processes do not conflict again and again.
   *
   * @param next returns the changed record, or its argument to store nothing.
   * @returns the stored record.
   * @throws the errors of `next` and of {@link requireLive}; CoatcheckError `CONFLICT` after too many conflicts.
   */
  async commit(
    from: SessionRecord,
    { kind, limit, evict }: CommitOptions,
    next: (current: SessionRecord) => SessionRecord | Promise<SessionRecord>,
  ): Promise<SessionRecord> {
    const { reader, clock } = this.#deps;
    let current = from;
    for (let attempt = 0; attempt < MAX_COMMIT_ATTEMPTS; attempt++) {
      const position = reader.position();
      const record = await next(current);
      if (record === current) return current;
      const options = {
        expectedVersion: current.version,
        change: kind,
        ...sessionLimitOf(record, limit, clock.now()),
      };
      const outcome = await this.#put(record, options);
      if (outcome === "stored") {
        reader.recordWrite(record, position);
        return record;
      }
      if (outcome === "over-limit") {
        for (const session of await selectEvictions(record, this.#deps)) await evict?.(session);
        continue;
      }
      if (attempt >= IMMEDIATE_RETRIES) await this.#pause(attempt);
      // Keep the cached copy if a later write has already put it there. Without that copy, a late acknowledgement of an
      // earlier write could put an older record into the cache.
      const cached = reader.getCached(compactId(from.id));
      if (!cached || cached.record.version <= current.version) reader.invalidate(from.id);
      current = await this.requireLive(from.id, { fresh: true });
    }
    throw new CoatcheckError(
      "CONFLICT",
      "Too many other writes changed the session at the same time; try again.",
      { retryAfter: 1 },
    );
  }

  /** Stores a new record. Throws `CONFLICT` when its id exists, or when the session limit rejects it. */
  async insert(record: SessionRecord, evict: (session: string) => Promise<unknown>): Promise<void> {
    const { reader, policy, clock } = this.#deps;
    for (let attempt = 0; attempt < MAX_COMMIT_ATTEMPTS; attempt++) {
      const position = reader.position();
      const limit = sessionLimitOf(record, policy.sessionLimit, clock.now());
      const outcome = await this.#put(record, { expectedVersion: 0, change: "data", ...limit });
      if (outcome === "stored") return reader.recordWrite(record, position);
      if (outcome === "conflict") break;
      for (const session of await selectEvictions(record, this.#deps)) await evict(session);
    }
    throw new CoatcheckError("CONFLICT", "The session could not be created; try again.");
  }

  /**
   * Reads a session that is about to be changed. Throws if the session has ended.
   *
   * @throws CoatcheckError `SESSION_NOT_FOUND`, `SESSION_REVOKED`, `SESSION_EXPIRED`, `STORE_UNAVAILABLE`.
   */
  async requireLive(id: string, options?: ReadOptions): Promise<SessionRecord> {
    const { cached } = isSessionId(id) ? await this.#deps.reader.read(id, options) : { cached: null };
    if (!cached) {
      // Don't echo a malformed id, because it may be a token.
      const name = isSessionId(id) ? id : "malformed id";
      throw new CoatcheckError("SESSION_NOT_FOUND", `Session not found: ${name}`);
    }
    const { record } = cached;
    if (record.state === "revoked")
      throw new CoatcheckError("SESSION_REVOKED", "This session has been revoked.");
    if (cached.hasExpired(this.#deps.clock.now()) || this.#deps.schema.read(record) === null) {
      throw new CoatcheckError("SESSION_EXPIRED", "This session has expired.");
    }
    return record;
  }

  /**
   * Writes to the store. Drops the cached copy after a failure, because the store may have written, and only its
   * response was lost.
   */
  async #put(record: SessionRecord, options: PutOptions): Promise<PutOutcome> {
    try {
      return await this.#deps.store.put(record, options);
    } catch (error) {
      this.#deps.reader.invalidate(record.id);
      throw error;
    }
  }

  async #pause(attempt: number): Promise<void> {
    const [byte = 0] = randomByte(this.#deps);
    const longest = Math.min(MAX_RETRY_PAUSE, 2 ** attempt);
    await new Promise<void>((resolve) => this.#deps.schedule((longest * byte) / 255, resolve));
  }
}

function randomByte({ random }: Pick<SessionDependencies<unknown>, "random">): Uint8Array<ArrayBuffer> {
  const byte = new Uint8Array(1);
  random(byte);
  return byte;
}
