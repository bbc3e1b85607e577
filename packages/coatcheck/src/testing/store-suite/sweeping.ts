import assert from "node:assert/strict";
import type { RevocationScope } from "../../session/store.ts";
import { makeRecord } from "../records.ts";
import { type Cases, createSession, listAll, readLogEnd, readLogFrom, readSession } from "./fixtures.ts";

const HOUR = 3_600_000;

/** Tests of `sweep`. */
export const sweepCases: Cases = {
  "sweep() deletes only sessions that ended before the given time": async ({ store, other }) => {
    const live = await createSession(store, makeRecord());
    const past = 1_000_000;
    const idle = { createdAt: past, expiresAt: past + 9 * HOUR, idleTimeout: HOUR };
    const absolute = { createdAt: past, expiresAt: past + HOUR, idleTimeout: 9 * HOUR };
    const idled = await createSession(store, makeRecord(idle));
    const expired = await createSession(store, makeRecord(absolute));
    assert.equal(await store.sweep(past + HOUR, 10), 0);
    assert.equal(await store.sweep(past + HOUR + 1, 10), 2);
    assert.equal(await other.get(idled.id), null);
    assert.equal(await other.get(expired.id), null);
    assert.deepEqual(await readSession(other, live.id), live);
    assert.deepEqual(await listAll(other, {}), [live.id]);
    assert.equal((await other.stats(Date.now())).total, 1);
  },

  "sweep() keeps a session that has been touched": async ({ store }) => {
    const record = await createSession(
      store,
      makeRecord({ createdAt: 1000, expiresAt: 9 * HOUR, idleTimeout: HOUR }),
    );
    await store.touch([{ id: record.id, lastSeenAt: 2 * HOUR }]);
    assert.equal(await store.sweep(3 * HOUR, 10), 0);
    assert.equal(await store.sweep(3 * HOUR + 1, 10), 1);
  },

  "sweep() keeps a revoked session until its revocation is old enough": async ({ store }) => {
    const scopes: ((id: string) => RevocationScope)[] = [
      (id) => ({ session: id }),
      () => ({ subject: "ada" }),
      () => ({ tenant: "acme" }),
      () => ({ everyone: true }),
    ];
    for (const scope of scopes) {
      const { id } = await createSession(store, makeRecord({ subject: "ada", tenant: "acme" }));
      await store.revoke(scope(id), "logout");
      assert.equal(await store.sweep(Date.now() - HOUR, 10), 0);
      assert.equal((await readSession(store, id)).state, "revoked");
      assert.equal(await store.sweep(Date.now() + HOUR, 10), 1);
      assert.equal(await store.get(id), null);
    }
  },

  "sweep() after a mass revocation deletes the revoked sessions and keeps newer ones": async ({
    store,
    other,
  }) => {
    const scopes: RevocationScope[] = [{ tenant: "acme" }, { everyone: true }];
    for (const scope of scopes) {
      const revoked = await Promise.all(
        [1, 2, 3].map(() => createSession(store, makeRecord({ tenant: "acme" }))),
      );
      await store.revoke(scope, "admin");
      const fresh = await createSession(other, makeRecord({ tenant: "acme" }));
      assert.equal(await other.sweep(Date.now() + HOUR, 2), 2);
      assert.deepEqual(await listAll(store, { state: "active" }), [fresh.id]);
      assert.equal(await other.sweep(Date.now() + HOUR, 2), 1);
      for (const { id } of revoked) assert.equal(await store.get(id), null);
      assert.deepEqual(await readSession(store, fresh.id), fresh);
      assert.equal(await store.revoke(scope, "admin"), 1);
      await store.sweep(Date.now() + HOUR, 10);
    }
  },

  "sweep() deletes no more sessions than the limit": async ({ store }) => {
    await Promise.all(Array.from({ length: 7 }, () => createSession(store, makeRecord({ createdAt: 1000 }))));
    const counts: number[] = [];
    for (let round = 0; round < 4; round++) counts.push(await store.sweep(Date.now(), 3));
    assert.deepEqual(counts, [3, 3, 1, 0]);
  },

  "touch() and sweep() process all sessions, even if a store needs several steps for them": async ({
    store,
    other,
  }) => {
    const ended = { createdAt: 1000, expiresAt: 9 * HOUR, idleTimeout: HOUR };
    const records = Array.from({ length: 630 }, () => makeRecord(ended));
    await Promise.all(records.map((record) => createSession(store, record)));
    const touched = records.slice(0, 65);
    await store.touch(touched.map(({ id }) => ({ id, lastSeenAt: 8 * HOUR })));
    assert.equal(await other.sweep(3 * HOUR, 560), 560);
    assert.equal(await store.sweep(3 * HOUR, 560), 5);
    assert.deepEqual((await listAll(other, {})).sort(), touched.map(({ id }) => id).sort());
  },

  "concurrent calls of sweep() count each row once": async ({ store, other }) => {
    await Promise.all(
      Array.from({ length: 60 }, () => createSession(store, makeRecord({ createdAt: 1000 }))),
    );
    let total = 0;
    const sweeper = async (index: number) => {
      for (let idle = 0; idle < 2; ) {
        const count = await (index % 2 ? store : other).sweep(Date.now(), 7);
        total += count;
        if (count === 0) idle++;
      }
    };
    await Promise.all([0, 1, 2, 3].map(sweeper));
    assert.equal(total, 60);
    assert.equal((await store.stats(Date.now())).total, 0);
  },

  "sweep() deletes old log items, and positions keep growing": async ({ store, other }) => {
    const start = await readLogEnd(store);
    const first = await createSession(store, makeRecord());
    await store.revoke({ session: first.id }, "logout");
    await store.sweep(Date.now() - HOUR, 10);
    assert.equal((await readLogFrom(other, start)).length, 1);
    const end = await readLogEnd(store);
    await store.sweep(Date.now() + HOUR, 10);
    const { items, cursor } = await other.changes(start);
    assert.deepEqual(items, []);
    assert.ok(cursor >= end);
    const next = await createSession(other, makeRecord());
    assert.ok(((await store.get(next.id))?.position ?? 0) >= end);
    await other.revoke({ session: next.id }, "logout");
    assert.equal((await readLogFrom(store, cursor)).length, 1);
  },
};
