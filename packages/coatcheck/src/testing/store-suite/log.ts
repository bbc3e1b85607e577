import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { RevocationScope, SessionStore } from "../../session/store.ts";
import { makeRecord } from "../records.ts";
import {
  assertRejectsWith,
  type Cases,
  changeSession,
  createSession,
  readLogEnd,
  readLogFrom,
  readSession,
} from "./fixtures.ts";

const REVOKER_COUNT = 40;

/** Polls the log until `stop` is called, and collects the sessions of its items. */
function pollLog(store: SessionStore, start: number) {
  const received = new Set<string>();
  let cursor = start;
  let isRunning = true;
  async function poll(): Promise<void> {
    const page = await store.changes(cursor);
    cursor = page.cursor;
    for (const item of page.items) if ("session" in item) received.add(item.session);
  }
  async function run(): Promise<void> {
    while (isRunning) {
      await poll();
      // Yield to the event loop: a store that resolves in the same turn would starve the revokers.
      await setImmediate();
    }
  }
  const finished = run();
  return {
    received,
    poll,
    stop: async () => {
      isRunning = false;
      await finished;
    },
  };
}

/** Tests of `changes`, and of the position that `get` returns. */
export const logCases: Cases = {
  "changes(null) returns no items and the end of the log": async ({ store, other }) => {
    const record = await createSession(store, makeRecord());
    await store.revoke({ session: record.id }, "logout");
    const { items, cursor } = await other.changes(null);
    assert.deepEqual(items, []);
    const next = await createSession(store, makeRecord());
    await store.revoke({ session: next.id }, "logout");
    const received = (await readLogFrom(other, cursor)).map((item) => "session" in item && item.session);
    assert.ok(received.includes(next.id));
  },

  "changes() continues from the cursor of the last call": async ({ store }) => {
    const start = await readLogEnd(store);
    const record = await createSession(store, makeRecord());
    await store.revoke({ session: record.id }, "logout");
    const first = await store.changes(start);
    assert.equal(first.items.length, 1);
    assert.ok(first.cursor > start);
    const second = await store.changes(first.cursor);
    assert.ok(second.cursor >= first.cursor);
  },

  "changes() returns a revoked session with the least version that caches may serve": async ({
    store,
    other,
  }) => {
    const start = await readLogEnd(other);
    const record = await createSession(store, makeRecord());
    const changed = await changeSession(store, record, { data: { views: 1 } });
    await store.revoke({ session: record.id }, "logout");
    const items = await readLogFrom(other, start);
    assert.equal(items.length, 1);
    const [item] = items;
    assert.ok(item && "session" in item);
    assert.deepEqual([item.session, item.minVersion], [record.id, changed.version + 1]);
  },

  "changes() returns changes of privilege, and not changes of data": async ({ store, other }) => {
    const start = await readLogEnd(other);
    const first = await createSession(store, makeRecord());
    const second = await changeSession(store, first, { data: { views: 1 } });
    await store.touch([{ id: first.id, lastSeenAt: first.lastSeenAt + 1 }]);
    assert.deepEqual(await readLogFrom(other, start), []);
    await changeSession(store, second, { secretHash: "A".repeat(43) }, "privilege");
    const items = await readLogFrom(other, start);
    assert.equal(items.length, 1);
    const [item] = items;
    assert.ok(item && "session" in item);
    assert.deepEqual([item.session, item.minVersion], [first.id, 3]);
  },

  "changes() does not return a rejected change of privilege": async ({ store }) => {
    const record = await createSession(store, makeRecord({ subject: "ada" }));
    const start = await readLogEnd(store);
    const stale = { ...record, version: 8 };
    assert.equal(await store.put(stale, { expectedVersion: 7, change: "privilege" }), "conflict");
    const login = makeRecord({ subject: "ada" });
    const sessionLimit = { max: 1, now: Date.now() };
    assert.equal(
      await store.put(login, { expectedVersion: 0, change: "privilege", sessionLimit }),
      "over-limit",
    );
    assert.equal(await store.revoke({ session: makeRecord().id }, "logout"), 0);
    assert.equal(await store.revoke({ subject: "bob" }, "logout"), 0);
    assert.deepEqual(await readLogFrom(store, start), []);
  },

  "changes() returns one item with its scope for a mass revocation": async ({ store, other }) => {
    const scopes: RevocationScope[] = [{ subject: "ada" }, { tenant: "acme" }, { everyone: true }];
    for (const scope of scopes) {
      const start = await readLogEnd(other);
      const fields = { subject: "ada", tenant: "acme" };
      await Promise.all(Array.from({ length: 20 }, () => createSession(store, makeRecord(fields))));
      assert.equal(await store.revoke(scope, "admin"), 20);
      const items = await readLogFrom(other, start);
      assert.deepEqual(
        items.map((item) => "scope" in item && item.scope),
        [scope],
      );
    }
  },

  "changes() returns one item with its key for an invalidation, whatever the key contains": async ({
    store,
    other,
  }) => {
    const record = await createSession(store, makeRecord({ subject: "ada" }));
    const keys = [
      "user:7",
      "user:7",
      "#company:3",
      'a"b\\c\nd',
      "é\u{1f511}",
      "nul\0",
      "lone\ud800",
      "k".repeat(512),
    ];
    const start = await readLogEnd(other);
    const positions: number[] = [];
    for (const key of keys) positions.push(await store.invalidate(key));
    const items = await readLogFrom(other, start);
    assert.deepEqual(
      items.map(({ position }) => position),
      positions,
    );
    assert.deepEqual(
      items.map((item) => "key" in item && item.key),
      keys,
    );
    assert.ok(items.every(({ position }, index) => position > (items[index - 1]?.position ?? -1)));
    assert.deepEqual(await readSession(other, record.id), record);
  },

  "changes() returns every invalidation that was acknowledged before the call": async ({ store, other }) => {
    let cursor = await readLogEnd(other);
    const received = new Set<string>();
    const missed: string[] = [];
    await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const key = `user:${index}`;
        await (index % 2 ? store : other).invalidate(key);
        const page = await other.changes(cursor);
        for (const item of page.items) if ("key" in item) received.add(item.key);
        cursor = Math.max(cursor, page.cursor);
        if (!received.has(key)) missed.push(key);
      }),
    );
    assert.deepEqual(missed, []);
  },

  "the log item of an invalidation lies between the positions read before and after the call": async ({
    store,
    other,
  }) => {
    const record = await createSession(store, makeRecord());
    const before = await readLogEnd(other);
    await store.invalidate("user:7");
    const [item] = await readLogFrom(other, before);
    const after = await other.get(record.id);
    assert.ok(item && after);
    assert.ok(item.position >= before, "a copy that was loaded before must be refused");
    assert.ok(after.position > item.position, "a copy that is loaded after must be allowed");
  },

  "invalidate() refuses a key that is empty, too long or not a string": async ({ store }) => {
    const start = await readLogEnd(store);
    for (const key of ["", "k".repeat(513), undefined, null, 7]) {
      await assertRejectsWith("VALIDATION_FAILED", store.invalidate(key as string));
    }
    assert.deepEqual(await readLogFrom(store, start), []);
  },

  "changes() returns the id of the session that a revocation excepts": async ({ store }) => {
    const start = await readLogEnd(store);
    const excepted = await createSession(store, makeRecord({ subject: "ada" }));
    await createSession(store, makeRecord({ subject: "ada" }));
    const scope = { subject: "ada", except: excepted.id };
    await store.revoke(scope, "credentials-changed");
    const [item] = await readLogFrom(store, start);
    assert.ok(item && "scope" in item);
    assert.deepEqual(item.scope, scope);
  },

  "get() returns a position above all earlier log items and at or below all later ones": async ({
    store,
    other,
  }) => {
    const scopes: ((id: string) => RevocationScope)[] = [
      (id) => ({ session: id }),
      () => ({ subject: "ada" }),
      () => ({ tenant: "acme" }),
      () => ({ everyone: true }),
    ];
    for (const scope of scopes) {
      const start = await readLogEnd(store);
      const { id } = await createSession(store, makeRecord({ subject: "ada", tenant: "acme" }));
      const before = await other.get(id);
      await store.revoke(scope(id), "logout");
      const after = await other.get(id);
      const item = (await readLogFrom(store, start)).at(-1);
      assert.ok(before && after && item);
      assert.ok(before.position <= item.position, "a copy that was read before must be rejected");
      assert.ok(after.position >= before.position, "positions only grow");
      assert.equal(after.record.state, "revoked");
      const fresh = await createSession(store, makeRecord({ subject: "ada", tenant: "acme" }));
      const later = await other.get(fresh.id);
      assert.ok(later);
      assert.ok(later.position > item.position, "a copy that was read after must be accepted");
      await store.revoke({ everyone: true }, "admin");
    }
  },

  "changes() returns every revocation that was acknowledged before the call": async ({ store, other }) => {
    const start = await readLogEnd(store);
    const followers = [pollLog(store, start), pollLog(other, start)];
    const records = await Promise.all(
      Array.from({ length: REVOKER_COUNT }, () => createSession(store, makeRecord())),
    );
    await Promise.all(
      records.map(async ({ id }, index) => {
        const revoker = index % 2 ? store : other;
        assert.equal(await revoker.revoke({ session: id }, "logout"), 1);
      }),
    );
    await Promise.all(followers.map((follower) => follower.stop()));
    for (const { received, poll } of followers) {
      await poll();
      assert.deepEqual(
        records.filter(({ id }) => !received.has(id)),
        [],
      );
    }
  },

  "changes() misses no revocation while others are in flight": async ({ store, other }) => {
    const follower = pollLog(other, await readLogEnd(other));
    const missed: string[] = [];
    for (let round = 0; round < 10; round++) {
      const records = await Promise.all(Array.from({ length: 8 }, () => createSession(store, makeRecord())));
      await Promise.all(
        records.map(async ({ id }, index) => {
          await (index % 2 ? store : other).revoke({ session: id }, "logout");
          await follower.poll();
          if (!follower.received.has(id)) missed.push(id);
        }),
      );
    }
    await follower.stop();
    assert.deepEqual(missed, []);
  },

  "get() returns a revoked record after the acknowledgement, on every handle": async ({ store, other }) => {
    const records = await Promise.all(Array.from({ length: 20 }, () => createSession(store, makeRecord())));
    await Promise.all(
      records.map(async ({ id }) => {
        await store.revoke({ session: id }, "logout");
        assert.equal((await readSession(other, id)).state, "revoked");
      }),
    );
  },
};
