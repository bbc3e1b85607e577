/**
 * One of two service processes: one revokes sessions, the other records when it starts to refuse them. Controlled by
 * revocation.ts.
 */
import { setTimeout as pause } from "node:timers/promises";
import { SessionManager, type SessionStore } from "coatcheck";
import { createCache, type HintChannel, redisShared, type SharedTier } from "coatcheck/cache";
import { postgresHints, postgresStore } from "coatcheck/store/postgres";
import { connectRedis } from "coatcheck/store/redis";
import { readUrls } from "./servers/remote.ts";
import { SECRET, sessionData } from "./servers/workload.ts";

/** Maps each session id to a time in milliseconds. All processes of this machine share the monotonic clock. */
export type Timestamps = Record<string, number>;

/** The commands that revocation.ts sends to a process, in this order. */
export type Command =
  | { readonly kind: "create"; readonly count: number }
  | { readonly kind: "watch"; readonly ids: readonly string[] }
  | { readonly kind: "revoke"; readonly ids: readonly string[]; readonly perSecond: number }
  | { readonly kind: "report" };

/** When each call of `revoke()` started and resolved. */
export interface Revocations {
  readonly calledAt: Timestamps;
  readonly resolvedAt: Timestamps;
}

const refusedAt: Timestamps = {};
const watched = new Set<string>();

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Returns the key of a session in the caches: the bytes of its id in base64url. */
function compactId(id: string): string {
  return Buffer.from(id.replaceAll("-", ""), "hex").toString("base64url");
}

/** Records the current time if this process now refuses the session. */
function checkRefused(id: string): void {
  if (!watched.has(id) || cache.getCached(compactId(id)) !== undefined) return;
  watched.delete(id);
  refusedAt[id] = now();
}

/**
 * Wraps a hint channel. Each hint names a changed session; the wrapper calls `checkRefused` after the cache has applied
 * it.
 */
function observeHints(hints: HintChannel): HintChannel {
  return {
    publish: (hint) => hints.publish(hint),
    close: () => hints.close(),
    subscribe: (listener) =>
      hints.subscribe((hint) => {
        listener(hint);
        if (hint.kind === "revoked" && "session" in hint.scope) checkRefused(hint.scope.session);
      }),
  };
}

function observeShared(shared: SharedTier): SharedTier {
  return {
    get: (key) => shared.get(key),
    fill: (key, snapshot) => shared.fill(key, snapshot),
    tombstone: (key) => shared.tombstone(key),
    ...observeHints(shared),
  };
}

/**
 * Wraps a store. When the cache has applied a page of the revocation log, the wrapper calls `checkRefused` for its
 * sessions.
 */
function observeStore(store: SessionStore): SessionStore {
  return {
    get: (id) => store.get(id),
    put: (record, options) => store.put(record, options),
    touch: (touches) => store.touch(touches),
    revoke: (scope, reason) => store.revoke(scope, reason),
    invalidate: (key) => store.invalidate(key),
    list: (filter, page) => store.list(filter, page),
    stats: (at) => store.stats(at),
    sweep: (before, limit) => store.sweep(before, limit),
    close: () => store.close(),
    async changes(cursor) {
      const page = await store.changes(cursor);
      setImmediate(() => {
        for (const item of page.items) if ("session" in item) checkRefused(item.session);
      });
      return page;
    },
  };
}

const { DATABASE_URL, REDIS_URL } = readUrls();
const store = observeStore(await postgresStore({ connectionString: DATABASE_URL }));
const cache = createCache({
  store,
  ...(REDIS_URL === ""
    ? { hints: observeHints(postgresHints({ connectionString: DATABASE_URL })) }
    : { shared: observeShared(redisShared(await connectRedis(REDIS_URL))) }),
});
const manager = new SessionManager<ReturnType<typeof sessionData>>({ store, cache, secrets: [SECRET] });

async function create(count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const batch = Array.from({ length: Math.min(20, count - ids.length) }, (_, index) =>
      manager.create({ subject: `user-${index}`, data: sessionData(index) }),
    );
    for (const { record } of await Promise.all(batch)) ids.push(record.id);
  }
  return ids;
}

/** Loads the sessions into the cache. From now on `checkRefused` records when each one is refused. */
async function watch(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await cache.read(id);
    watched.add(id);
  }
}

async function revoke(ids: readonly string[], perSecond: number): Promise<Revocations> {
  const calledAt: Timestamps = {};
  const resolvedAt: Timestamps = {};
  const calls: Promise<void>[] = [];
  const startedAt = now();
  for (const [index, id] of ids.entries()) {
    const due = startedAt + (index * 1000) / perSecond;
    while (now() < due) await pause(1);
    calledAt[id] = now();
    const call = manager.revoke({ session: id }).then(() => {
      resolvedAt[id] = now();
    });
    calls.push(call);
  }
  await Promise.all(calls);
  return { calledAt, resolvedAt };
}

async function execute(order: Command): Promise<unknown> {
  switch (order.kind) {
    case "create":
      return await create(order.count);
    case "watch":
      await watch(order.ids);
      return watched.size;
    case "revoke":
      return await revoke(order.ids, order.perSecond);
    case "report":
      return refusedAt;
  }
}

process.on("message", async (order: Command) => process.send?.(await execute(order)));
process.on("disconnect", () => process.exit());
process.send?.("ready");
