import { type Clock, systemClock } from "../session/clock.ts";
import { CoatcheckError } from "../session/errors.ts";
import { isSessionId, type RevokeReason, type SessionRecord } from "../session/record.ts";
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
} from "../session/store.ts";
import { pageOf, readPageRequest } from "./page.ts";
import { refuseEviction } from "./redis-eviction.ts";
import { LOG_SLICE, logItemOf } from "./redis-log.ts";
import { CHANGES, COUNT, GET, memberOf, SCAN } from "./redis-read.ts";
import { listOf, numberOf, textOf } from "./redis-reply.ts";
import { REVOKE, revokeArguments } from "./redis-revoke.ts";
import { filterArgument, recordOf, recordsOf } from "./redis-row.ts";
import type { RedisScript } from "./redis-script.ts";
import { SWEEP, SWEEP_SLICE } from "./redis-sweep.ts";
import type { RedisTransport } from "./redis-transport.ts";
import { PUT, putArguments, TOUCH, TOUCH_SLICE, touchArguments } from "./redis-write.ts";

export { type ConnectRedisOptions, connectRedis, redisClientSettings } from "./redis-connect.ts";
export {
  type NodeRedis,
  type NodeRedisTransportOptions,
  nodeRedisTransport,
  type RedisTransport,
} from "./redis-transport.ts";

export interface RedisStoreOptions {
  /** First part of every key, `coatcheck` unless told otherwise; keeps several applications apart on one server. */
  readonly prefix?: string;
  /** Dates revocations for the sweep; the machine's unless told otherwise. */
  readonly clock?: Clock;
}

/** At least so many rows of mass revocations are settled by one `sweep`, however few it may delete. */
const LEAST_SETTLED = 1000;

/**
 * Sessions in Redis 6.2 or later, or Valkey, with one script, hence one atomic step and one round trip, for each call
 * (`list`, `sweep` and large `touch` batches take several).
 *
 * - **Durable** only as far as the server is: run it with `appendonly yes`, and `appendfsync always` where an
 *   acknowledged revocation must survive a power cut. A failover may lose what the replica had not received.
 * - **Cluster**: all keys share one hash tag, `{coatcheck}`, because a revocation and its log item must be one step.
 *   The sessions live on one shard and do not spread; give each application its own prefix.
 * - **Memory**: about 3.4 KB for a session of 1.2 KB, indexes included. No key has a time to live, so rows go by
 *   `sweep` alone, and a server whose `maxmemory-policy` may evict them is refused.
 * - **Mass revocation** of a tenant or everyone takes constant time; a subject's sessions are written one by one, in
 *   one step of some 25 µs each.
 * - **Primary only**: every script begins with a write that changes nothing, so that a replica refuses even reads. A
 *   server that has stopped to accept writes (`MISCONF`, `NOREPLICAS`) therefore answers nothing. One that is full
 *   refuses `put` alone: reads, touches, revocations and sweeps go on.
 * - **Rights** of the user, where there are any: `~{coatcheck}:* +@read +@write +@scripting +@connection +time +info`.
 *
 * @throws `VALIDATION_FAILED` for a prefix that would break the hash tag.
 *
 * @example
 * const store = redisStore(await connectRedis("redis://localhost:6379"));
 */
export function redisStore(
  transport: RedisTransport,
  { prefix = "coatcheck", clock = systemClock }: RedisStoreOptions = {},
): SessionStore {
  if (!/^[^{}]+$/.test(prefix)) {
    throw new CoatcheckError("VALIDATION_FAILED", "The prefix of Redis keys must be text without braces.");
  }
  return new RedisStore(transport, `{${prefix}}:`, clock);
}

class RedisStore implements SessionStore {
  readonly #transport: RedisTransport;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #inFlight = new Set<Promise<unknown>>();
  #checked: Promise<void> | undefined;
  #isOpen = true;

  constructor(transport: RedisTransport, prefix: string, clock: Clock) {
    this.#transport = transport;
    this.#prefix = prefix;
    this.#clock = clock;
  }

  get(id: string): Promise<Snapshot | null> {
    return this.#accept(async () => {
      const reply = isSessionId(id) ? await this.#run(GET, [id]) : null;
      if (reply === null) return null;
      const [row, position] = listOf(reply);
      return { record: recordOf(listOf(row)), position: numberOf(position) };
    });
  }

  put(record: SessionRecord, options: PutOptions): Promise<PutOutcome> {
    return this.#accept(async () => {
      return textOf(await this.#run(PUT, putArguments(record, options))) as PutOutcome;
    });
  }

  touch(touches: readonly Touch[]): Promise<void> {
    return this.#accept(async () => {
      const known = touches.filter(({ id }) => isSessionId(id));
      for (let start = 0; start < known.length; start += TOUCH_SLICE) {
        await this.#run(TOUCH, touchArguments(known.slice(start, start + TOUCH_SLICE)));
      }
    });
  }

  revoke(scope: RevocationScope, reason: RevokeReason): Promise<number> {
    return this.#accept(async () => {
      if ("session" in scope && !isSessionId(scope.session)) return 0;
      return numberOf(await this.#run(REVOKE, revokeArguments(scope, reason, this.#clock.now())));
    });
  }

  list(filter: SessionFilter, page: PageRequest): Promise<Page> {
    return this.#accept(async () => {
      const { limit, after } = readPageRequest(page);
      // One more than asked for tells whether there is a next page.
      const found = await this.#scan(filter, "newest", limit + 1, after ? memberOf(after) : "");
      return pageOf(found, limit);
    });
  }

  /** Counts cost nothing; the oldest live session is searched from the oldest row on, past those that ended. */
  stats(now: number): Promise<StoreStats> {
    return this.#accept(async () => {
      const counts = listOf(await this.#run(COUNT, [String(now)])).map(numberOf);
      const [total = 0, anonymous = 0, authenticated = 0] = counts;
      const [oldest] = await this.#scan({ liveAt: now }, "oldest", 1, "");
      const [newest] = await this.#scan({ liveAt: now }, "newest", 1, "");
      return {
        total,
        active: anonymous + authenticated,
        authenticated,
        oldest: oldest?.createdAt ?? null,
        newest: newest?.createdAt ?? null,
      };
    });
  }

  changes(cursor: LogPosition | null): Promise<LogPage> {
    return this.#accept(async () => {
      const items: LogItem[] = [];
      for (let from = cursor; ; ) {
        const [end, lost, entries] = listOf(await this.#run(CHANGES, [from === null ? "" : String(from)]));
        // The server lost its data since the caller last asked, so everything held from then is in doubt.
        if (lost !== "") items.push({ position: numberOf(lost), scope: { everyone: true } });
        const slice = listOf(entries).map(logItemOf);
        for (const item of slice) items.push(item);
        const last = slice.at(-1);
        if (last === undefined || slice.length < LOG_SLICE) return { items, cursor: numberOf(end) };
        from = last.position + 1;
      }
    });
  }

  /** Also writes mass revocations into their rows, some of them each time, so that sweep regularly. */
  sweep(before: number, limit: number): Promise<number> {
    return this.#accept(async () => {
      await refuseEviction(this.#transport, this.#prefix);
      const mostSettled = Math.max(limit, LEAST_SETTLED);
      let deleted = 0;
      let settled = 0;
      while (deleted < limit) {
        const toSettle = Math.min(SWEEP_SLICE, mostSettled - settled);
        const toDelete = Math.min(SWEEP_SLICE, limit - deleted);
        const reply = await this.#run(SWEEP, [before, toSettle, toDelete].map(String));
        const [deletedNow = 0, settledNow = 0, pending = 0] = listOf(reply).map(numberOf);
        deleted += deletedNow;
        settled += settledNow;
        if (deletedNow < toDelete && (pending === 0 || settled >= mostSettled)) break;
      }
      return deleted;
    });
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await Promise.allSettled(this.#inFlight);
    await this.#transport.close();
  }

  /** Counts a call as accepted, so that closing waits for it, all of its steps. */
  async #accept<T>(call: () => Promise<T>): Promise<T> {
    if (!this.#isOpen) throw new CoatcheckError("STORE_UNAVAILABLE", "The session store has been closed.");
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
      const args = [filterArgument(filter), direction, String(wanted - found.length), from];
      const [rows, next] = listOf(await this.#run(SCAN, args));
      found.push(...recordsOf(rows));
      if (next === null) break;
      from = textOf(next);
    }
    return found;
  }

  async #run(script: RedisScript, args: readonly string[]): Promise<unknown> {
    await this.#checkOnce();
    return await script.run(this.#transport, this.#prefix, args);
  }

  #checkOnce(): Promise<void> {
    this.#checked ??= refuseEviction(this.#transport, this.#prefix).catch((error: unknown) => {
      this.#checked = undefined;
      throw error;
    });
    return this.#checked;
  }
}
