/**
 * A session store in Redis 6.2 or later, or Valkey, through the `redis` package (node-redis 6). The transport that it
 * runs on also serves the shared cache.
 *
 * @example
 * import { SessionManager } from "coatcheck";
 * import { connectRedis, redisStore } from "coatcheck/store/redis";
 *
 * const store = redisStore(await connectRedis("redis://localhost:6379"));
 * const sessions = new SessionManager({ store, secrets: ["a long random secret"] });
 * const { token } = await sessions.create({ subject: "user-7" });
 * await sessions.close();
 *
 * @module
 */
import { type Clock, systemClock } from "../../session/clock.ts";
import { CoatcheckError } from "../../session/errors.ts";
import { type KnownOptions, requireKnownOptions, requireMethod } from "../../session/known-options.ts";
import { pageOf, readPageRequest } from "../../session/page.ts";
import { isSessionId, type RevokeReason, type SessionRecord } from "../../session/record.ts";
import { requireFilter, requireKey, requireScope } from "../../session/scope.ts";
import type {
  LogItem,
  LogPage,
  LogPosition,
  Page,
  PageRequest,
  PutOptions,
  PutOutcome,
  RevocationScope,
  SessionFilter,
  SessionStore,
  Snapshot,
  StoreStats,
  Touch,
} from "../../session/store.ts";
import type { NoticeListener } from "../notice.ts";
import { EvictionCheck } from "./eviction.ts";
import { LOG_SLICE_SIZE, logItemOf } from "./log.ts";
import { COUNT_SESSIONS, GET_ROW, INVALIDATE_KEY, indexMemberOf, READ_LOG, SCAN_INDEX } from "./read.ts";
import { requireArray, requireInteger, requireString } from "./reply.ts";
import { REVOKE_SESSIONS, toRevokeArguments } from "./revoke.ts";
import { recordOf, recordsOf, toFilterArgument } from "./row.ts";
import type { RedisScript } from "./script.ts";
import { SWEEP_ROWS, SWEEP_SLICE_SIZE } from "./sweep.ts";
import type { RedisTransport } from "./transport.ts";
import { PUT_RECORD, TOUCH_ROWS, TOUCH_SLICE_SIZE, toPutArguments, toTouchArguments } from "./write.ts";

export type { NoticeListener, ServerNotice } from "../notice.ts";
export { type ConnectRedisOptions, connectRedis, redisClientSettings } from "./connect.ts";
export {
  type NodeRedis,
  type NodeRedisTransportOptions,
  nodeRedisTransport,
  type RedisTransport,
} from "./transport.ts";

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  /** First part of every key. Applications that share a server need different prefixes. Default: `coatcheck`. */
  readonly prefix?: string;
  /**
   * Supplies the time of each revocation. `sweep` uses these times to find the revoked sessions to delete. Default: the
   * system clock.
   */
  readonly clock?: Clock;
  /**
   * Called when the server's eviction policy is found to be unsafe for sessions, and when it is safe again. Default: a
   * process warning.
   */
  readonly onNotice?: NoticeListener;
}

const STORE_OPTIONS = {
  prefix: true,
  clock: true,
  onNotice: "function",
} satisfies KnownOptions<RedisStoreOptions>;

/**
 * One `sweep` applies pending mass revocations to at least this many rows, even if its `limit` of deleted rows is
 * lower.
 */
const MIN_ROWS_UPDATED_PER_SWEEP = 1000;

/**
 * Creates a session store in Redis 6.2 or later, or Valkey. Each call runs one script, so it is atomic and takes one
 * round trip. Only `list`, `sweep` and large `touch` batches run several.
 *
 * - **Durability** depends on the server: set `appendonly yes`, and `appendfsync always` if an acknowledged revocation
 *   must survive a power failure. A failover may lose writes that the replica had not received.
 * - **Cluster**: all keys share one hash tag, `{coatcheck}`, because a revocation and its log item must be written in
 *   one step. The sessions of an application therefore live on one shard. Give each application its own prefix.
 * - **Memory**: a session of 1.2 KB takes about 3.4 KB, indexes included. No key has a time to live; only `sweep`
 *   deletes rows. The store rejects a server whose `maxmemory-policy` may evict them; it checks once a second.
 * - **Lost keys**: some keys are needed to distinguish ended sessions from live ones. If one of them is lost, every
 *   call is rejected until all sessions have been ended with `revoke({ everyone: true })`.
 * - **Mass revocation** of a tenant or of everyone takes constant time. Revoking a subject writes its sessions one by
 *   one, in one step of about 25 µs each.
 * - **Primary only**: every script starts with a write that changes nothing, so that a replica rejects reads too. A
 *   server that has stopped accepting writes (`MISCONF`, `NOREPLICAS`) therefore rejects every call. A server that is
 *   out of memory rejects only `put`.
 * - **Permissions** that the Redis user needs: `~{coatcheck}:* +@read +@write +@scripting +@connection +time +info`.
 *
 * @param transport - `close` of the store closes it.
 * @throws UsageError for an unknown option.
 * @throws CoatcheckError `VALIDATION_FAILED` when the prefix is empty or contains braces, which would break the hash
 *   tag.
 *
 * @example
 * const store = redisStore(await connectRedis("redis://localhost:6379"));
 */
export function redisStore(transport: RedisTransport, options: RedisStoreOptions = {}): SessionStore {
  requireKnownOptions("Redis store options", options, STORE_OPTIONS);
  requireMethod("call of redisStore()", "transport", transport, {
    method: "exec",
    what: "a transport, from connectRedis()",
  });
  const { prefix = "coatcheck", clock = systemClock, onNotice } = options;
  if (!/^[^{}]+$/.test(prefix)) {
    throw new CoatcheckError(
      "VALIDATION_FAILED",
      "Invalid Redis store options: prefix must be a non-empty string without braces.",
    );
  }
  return new RedisStore(transport, `{${prefix}}:`, clock, onNotice);
}

class RedisStore implements SessionStore {
  readonly #transport: RedisTransport;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #inFlight = new Set<Promise<unknown>>();
  readonly #eviction: EvictionCheck;
  #isOpen = true;

  constructor(transport: RedisTransport, prefix: string, clock: Clock, onNotice?: NoticeListener) {
    this.#eviction = new EvictionCheck(transport, prefix, clock, onNotice);
    this.#transport = transport;
    this.#prefix = prefix;
    this.#clock = clock;
  }

  get(id: string): Promise<Snapshot | null> {
    return this.#runCall(async () => {
      const reply = isSessionId(id) ? await this.#run(GET_ROW, [id]) : null;
      if (reply === null) return null;
      const [row, position] = requireArray(reply);
      return { record: recordOf(requireArray(row)), position: requireInteger(position) };
    });
  }

  put(record: SessionRecord, options: PutOptions): Promise<PutOutcome> {
    return this.#runCall(async () => {
      return requireString(await this.#run(PUT_RECORD, toPutArguments(record, options))) as PutOutcome;
    });
  }

  touch(touches: readonly Touch[]): Promise<void> {
    return this.#runCall(async () => {
      const validTouches = touches.filter(({ id }) => isSessionId(id));
      for (let start = 0; start < validTouches.length; start += TOUCH_SLICE_SIZE) {
        await this.#run(TOUCH_ROWS, toTouchArguments(validTouches.slice(start, start + TOUCH_SLICE_SIZE)));
      }
    });
  }

  revoke(scope: RevocationScope, reason: RevokeReason): Promise<number> {
    return this.#runCall(async () => {
      requireScope(scope);
      if ("session" in scope && !isSessionId(scope.session)) return 0;
      return requireInteger(
        await this.#run(REVOKE_SESSIONS, toRevokeArguments(scope, reason, this.#clock.now())),
      );
    });
  }

  invalidate(key: string): Promise<LogPosition> {
    return this.#runCall(async () => {
      requireKey(key);
      return requireInteger(await this.#run(INVALIDATE_KEY, [JSON.stringify(key)]));
    });
  }

  list(filter: SessionFilter, page: PageRequest): Promise<Page> {
    return this.#runCall(async () => {
      requireFilter(filter);
      const { limit, after } = readPageRequest(page);
      // One record more than the limit shows whether there is a next page.
      const found = await this.#scan(filter, "newest", limit + 1, after ? indexMemberOf(after) : "");
      return pageOf(found, limit);
    });
  }

  /**
   * The counts are set sizes. To find the oldest live session, `stats` reads rows from the oldest on and skips ended
   * sessions.
   */
  stats(now: number): Promise<StoreStats> {
    return this.#runCall(async () => {
      const counts = requireArray(await this.#run(COUNT_SESSIONS, [String(now)])).map(requireInteger);
      const [total = 0, anonymous = 0, authenticated = 0] = counts;
      const [oldest] = await this.#scan({ liveAt: now }, "oldest", 1, "");
      const [newest] = await this.#scan({ liveAt: now }, "newest", 1, "");
      return {
        total,
        active: anonymous + authenticated,
        authenticated,
        oldest: oldest?.createdAt ?? null,
        newest: newest?.createdAt ?? null,
        countedAt: now,
      };
    });
  }

  changes(cursor: LogPosition | null): Promise<LogPage> {
    return this.#runCall(async () => {
      const items: LogItem[] = [];
      for (let from = cursor; ; ) {
        const [end, lost, entries] = requireArray(
          await this.#run(READ_LOG, [from === null ? "" : String(from)]),
        );
        // The server has lost its data since the caller's last poll, so the caller must drop all of its copies.
        if (lost !== "") items.push({ position: requireInteger(lost), scope: { everyone: true } });
        const slice = requireArray(entries).map(logItemOf);
        for (const item of slice) items.push(item);
        const last = slice.at(-1);
        if (last === undefined || slice.length < LOG_SLICE_SIZE)
          return { items, cursor: requireInteger(end) };
        from = last.position + 1;
      }
    });
  }

  /**
   * Also applies pending mass revocations to rows; each call applies them to some of the rows. Call `sweep` regularly.
   */
  sweep(before: number, limit: number): Promise<number> {
    return this.#runCall(async () => {
      const maxApplied = Math.max(limit, MIN_ROWS_UPDATED_PER_SWEEP);
      let deleted = 0;
      let applied = 0;
      while (deleted < limit) {
        const toApply = Math.min(SWEEP_SLICE_SIZE, maxApplied - applied);
        const toDelete = Math.min(SWEEP_SLICE_SIZE, limit - deleted);
        const reply = await this.#run(SWEEP_ROWS, [before, toApply, toDelete].map(String));
        const [deletedNow = 0, appliedNow = 0, pending = 0] = requireArray(reply).map(requireInteger);
        deleted += deletedNow;
        applied += appliedNow;
        if (deletedNow < toDelete && (pending === 0 || applied >= maxApplied)) break;
      }
      return deleted;
    });
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await Promise.allSettled(this.#inFlight);
    await this.#transport.close();
  }

  /** Runs a call. `close` waits until all steps of the call are done. */
  async #runCall<T>(call: () => Promise<T>): Promise<T> {
    if (!this.#isOpen) throw new CoatcheckError("STORE_UNAVAILABLE", "The session store is closed.");
    const work = call();
    this.#inFlight.add(work);
    try {
      return await work;
    } finally {
      this.#inFlight.delete(work);
    }
  }

  async #scan(
    filter: SessionFilter,
    direction: "newest" | "oldest",
    wanted: number,
    after: string,
  ): Promise<SessionRecord[]> {
    const found: SessionRecord[] = [];
    for (let from = after; found.length < wanted; ) {
      const args = [toFilterArgument(filter), direction, String(wanted - found.length), from];
      const [rows, next] = requireArray(await this.#run(SCAN_INDEX, args));
      found.push(...recordsOf(rows));
      if (next === null) break;
      from = requireString(next);
    }
    return found;
  }

  async #run(script: RedisScript, args: readonly string[]): Promise<unknown> {
    await this.#eviction.requireSafePolicy();
    return await script.run(this.#transport, this.#prefix, args);
  }
}
