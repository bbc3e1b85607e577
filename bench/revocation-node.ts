/**
 * One of two service processes that revocation.ts controls. The first process revokes sessions. The second process
 * records when it starts to refuse them.
 */
import { setTimeout as pause } from "node:timers/promises";
import { SessionManager, type SessionStore } from "coatcheck";
import { createCache, type HintChannel, redisShared, type SharedTier } from "coatcheck/cache";
import { postgresHints, postgresStore } from "coatcheck/store/postgres";
import { connectRedis } from "coatcheck/store/redis";
import { readUrls } from "./servers/remote.ts";
import { COOKIE_SECRET, sessionData } from "./servers/workload.ts";

/** Maps each session id to a time in milliseconds. All processes of this machine share the monotonic clock. */
export type Timestamps = Record<string, number>;

/** The commands that revocation.ts sends to a process, in this order. */
export type Command =
  | { readonly kind: "create"; readonly count: number }
  | { readonly kind: "watch"; readonly ids: readonly string[] }
  | { readonly kind: "revoke"; readonly ids: readonly string[]; readonly perSecond: number }
  | { readonly kind: "report" };

/** When each call of `manager.revoke()` started and resolved. */
export interface Revocations {
  readonly calledAt: Timestamps;
  readonly resolvedAt: Timestamps;
}

const refusedAt: Timestamps = {};
const watchedSessions = new Set<string>();

function monotonicNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Returns the key of a session in the caches: the bytes of its id in base64url. */
function compactId(id: string): string {
  return Buffer.from(id.replaceAll("-", ""), "hex").toString("base64url");
}

/** Records the current time if this process now refuses the session. */
function checkRefused(id: string): void {
  if (!watchedSessions.has(id) || cache.getCached(compactId(id)) !== undefined) return;
  watchedSessions.delete(id);
  refusedAt[id] = monotonicNow();
}

/**
 * Wraps a hint channel. Each hint names a changed session. After the cache has applied a hint, the wrapper calls
 * `checkRefused` for that session.
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

function observeSharedTier(shared: SharedTier): SharedTier {
  return {
    get: (key) => shared.get(key),
    fill: (key, snapshot) => shared.fill(key, snapshot),
    tombstone: (key) => shared.tombstone(key),
    ...observeHints(shared),
  };
}

/**
 * Wraps a store. When the cache has applied a page of the revocation log, the wrapper calls `checkRefused` for the
 * sessions on the page.
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
    : { shared: observeSharedTier(redisShared(await connectRedis(REDIS_URL))) }),
});
const manager = new SessionManager<ReturnType<typeof sessionData>>({
  store,
  cache,
  secrets: [COOKIE_SECRET],
});

async function createSessions(count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const batch = Array.from({ length: Math.min(20, count - ids.length) }, (_, index) =>
      manager.create({ subject: `user-${index}`, data: sessionData(index) }),
    );
    for (const { record } of await Promise.all(batch)) ids.push(record.id);
  }
  return ids;
}

/**
 * Loads the sessions into the cache. From now on, `checkRefused` records when this process starts to refuse each
 * session.
 */
async function watchSessions(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await cache.read(id);
    watchedSessions.add(id);
  }
}

async function revokeSessions(ids: readonly string[], perSecond: number): Promise<Revocations> {
  const calledAt: Timestamps = {};
  const resolvedAt: Timestamps = {};
  const calls: Promise<void>[] = [];
  const startedAt = monotonicNow();
  for (const [index, id] of ids.entries()) {
    const due = startedAt + (index * 1000) / perSecond;
    while (monotonicNow() < due) await pause(1);
    calledAt[id] = monotonicNow();
    const call = manager.revoke({ session: id }).then(() => {
      resolvedAt[id] = monotonicNow();
    });
    calls.push(call);
  }
  await Promise.all(calls);
  return { calledAt, resolvedAt };
}

async function executeCommand(command: Command): Promise<unknown> {
  switch (command.kind) {
    case "create":
      return await createSessions(command.count);
    case "watch":
      await watchSessions(command.ids);
      return watchedSessions.size;
    case "revoke":
      return await revokeSessions(command.ids, command.perSecond);
    case "report":
      return refusedAt;
  }
}

process.on("message", async (order: Command) => process.send?.(await executeCommand(order)));
process.on("disconnect", () => process.exit());
process.send?.("ready");
