import assert from "node:assert/strict";
import { makeFullRecord, makeRecord, nextVersion } from "../records.ts";
import { type Cases, change, create, read, reapply } from "./lab.ts";

const WRITERS = 60;

/** `get`, `put` and `touch`. */
export const writing: Cases = {
  "get answers null for a session that is not there": async ({ store }) => {
    assert.equal(await store.get(makeRecord().id), null);
  },

  "every field comes back as it was put": async ({ store, other }) => {
    const full = await create(store, makeFullRecord());
    assert.deepEqual(await read(store, full.id), full);
    assert.deepEqual(await read(other, full.id), full);
    const empty = await create(store, makeRecord());
    assert.deepEqual(await read(store, empty.id), empty);
  },

  "a change replaces every field": async ({ store }) => {
    const before = await create(store, makeRecord());
    const { id, createdAt } = before;
    const after = makeFullRecord({ id, createdAt, version: 2 });
    assert.equal(await store.put(after, { expectedVersion: 1, change: "data" }), "stored");
    assert.deepEqual(await read(store, id), after);
    const emptied = { ...before, version: 3 };
    assert.equal(await store.put(emptied, { expectedVersion: 2, change: "data" }), "stored");
    assert.deepEqual(await read(store, id), emptied);
  },

  "what is done to a record outside leaves the stored one alone": async ({ store }) => {
    const cart: Record<string, number> = { sku9: 1 };
    const creating = create(store, makeRecord({ data: { cart } }));
    cart.sku9 = 2;
    const { id } = await creating;
    const found = await read(store, id);
    try {
      (found.data.cart as Record<string, number>).sku9 = 3;
    } catch (error) {
      assert.ok(error instanceof TypeError, "a frozen record refuses with a TypeError");
    }
    assert.deepEqual((await read(store, id)).data, { cart: { sku9: 1 } });
  },

  "creating twice is a conflict, and the first stays": async ({ store, other }) => {
    const first = await create(store, makeRecord({ data: { first: true } }));
    const second = { ...first, data: {} };
    assert.equal(await other.put(second, { expectedVersion: 0, change: "data" }), "conflict");
    assert.deepEqual(await read(store, first.id), first);
  },

  "one of many creators at once wins": async ({ store, other }) => {
    const record = makeRecord();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? store : other).put(record, { expectedVersion: 0, change: "data" }),
      ),
    );
    assert.equal(outcomes.filter((outcome) => outcome === "stored").length, 1);
  },

  "updating what is not there is a conflict, and creates nothing": async ({ store }) => {
    const record = makeRecord({ version: 2 });
    assert.equal(await store.put(record, { expectedVersion: 1, change: "data" }), "conflict");
    assert.equal(await store.get(record.id), null);
  },

  "an update from another version is a conflict, and changes nothing": async ({ store, other }) => {
    const first = await create(store, makeRecord());
    const second = await change(other, first, { pageViews: 1 });
    for (const expectedVersion of [1, 3]) {
      const stale = { ...first, version: expectedVersion + 1, pageViews: 9 };
      assert.equal(await store.put(stale, { expectedVersion, change: "data" }), "conflict");
    }
    assert.deepEqual(await read(store, first.id), second);
  },

  "no increment of sixty writers at once is lost": async ({ store, other }) => {
    const { id } = await create(store, makeRecord({ data: { count: 0 } }));
    await Promise.all(
      Array.from({ length: WRITERS }, (_, index) =>
        reapply(index % 2 ? store : other, id, (data) => ({ ...data, count: Number(data.count) + 1 })),
      ),
    );
    const { data, version } = await read(store, id);
    assert.deepEqual({ data, version }, { data: { count: WRITERS }, version: WRITERS + 1 });
  },

  "a revoked session is not updated": async ({ store, other }) => {
    const record = await create(store, makeRecord());
    await other.revoke({ session: record.id }, "logout");
    for (const expectedVersion of [1, 2]) {
      const late = { ...record, version: expectedVersion + 1 };
      assert.equal(await store.put(late, { expectedVersion, change: "data" }), "conflict");
      assert.equal(await store.put(late, { expectedVersion, change: "privilege" }), "conflict");
    }
    assert.equal((await read(store, record.id)).state, "revoked");
  },

  "a revoked session's id is not created again": async ({ store }) => {
    const record = await create(store, makeRecord());
    await store.revoke({ session: record.id }, "logout");
    assert.equal(await store.put(record, { expectedVersion: 0, change: "data" }), "conflict");
    assert.equal((await read(store, record.id)).state, "revoked");
  },

  "a swept session is not updated": async ({ store, other }) => {
    const record = await create(store, makeRecord({ createdAt: 1000 }));
    assert.equal(await other.sweep(Date.now(), 10), 1);
    const late = nextVersion(record);
    assert.equal(await store.put(late, { expectedVersion: 1, change: "data" }), "conflict");
    assert.equal(await store.get(record.id), null);
  },

  "an expired session is still there for the caller to judge": async ({ store }) => {
    const record = await create(store, makeRecord({ createdAt: 1000 }));
    assert.deepEqual(await read(store, record.id), record);
    await change(store, record, { pageViews: 1 });
  },

  "a touch moves lastSeenAt forward only, and not the version": async ({ store, other }) => {
    const record = await create(store, makeRecord());
    const lastSeenAt = record.lastSeenAt + 5000;
    await store.touch([{ id: record.id, lastSeenAt }]);
    await other.touch([{ id: record.id, lastSeenAt: lastSeenAt - 1 }]);
    assert.deepEqual(await read(store, record.id), { ...record, lastSeenAt });
  },

  "a change does not take back a touch that passed since its record was read": async ({ store, other }) => {
    const record = await create(store, makeRecord());
    const touched = record.lastSeenAt + 5000;
    await other.touch([{ id: record.id, lastSeenAt: touched }]);
    const second = await change(store, record, { pageViews: 1 });
    assert.deepEqual(await read(other, record.id), { ...second, lastSeenAt: touched });
    const third = await change(store, second, { subject: "ada", type: "authenticated" }, "privilege");
    assert.deepEqual(await read(other, record.id), { ...third, lastSeenAt: touched });
    const idleEnd = touched + record.idleTimeout;
    assert.equal((await store.list({ liveAt: idleEnd - 1 }, { limit: 1 })).records.length, 1);
    const later = touched + 1000;
    const fourth = await change(store, third, { lastSeenAt: later });
    assert.deepEqual(await read(other, record.id), fourth);
  },

  "a touch passes over ids that are not there": async ({ store }) => {
    const record = await create(store, makeRecord());
    const missing = makeRecord().id;
    const lastSeenAt = record.lastSeenAt + 1;
    await store.touch([
      { id: missing, lastSeenAt },
      { id: record.id, lastSeenAt },
    ]);
    await store.touch([]);
    assert.equal(await store.get(missing), null);
    assert.equal((await read(store, record.id)).lastSeenAt, lastSeenAt);
  },

  "one call touches many, the same session twice too": async ({ store }) => {
    const records = await Promise.all(Array.from({ length: 50 }, () => create(store, makeRecord())));
    const touches = records.map(({ id, lastSeenAt }) => ({ id, lastSeenAt: lastSeenAt + 2 }));
    const lower = records.map(({ id, lastSeenAt }) => ({ id, lastSeenAt: lastSeenAt + 1 }));
    await store.touch([...touches, ...lower]);
    for (const { id, lastSeenAt } of touches) assert.equal((await read(store, id)).lastSeenAt, lastSeenAt);
  },

  "a touch leaves a revoked session as it is": async ({ store }) => {
    const record = await create(store, makeRecord());
    await store.revoke({ session: record.id }, "logout");
    const ended = await read(store, record.id);
    await store.touch([{ id: record.id, lastSeenAt: record.lastSeenAt + 5000 }]);
    assert.deepEqual(await read(store, record.id), ended);
  },

  "a touch postpones the end by inactivity": async ({ store }) => {
    const record = await create(store, makeRecord());
    const idleEnd = record.lastSeenAt + record.idleTimeout;
    assert.equal((await store.list({ liveAt: idleEnd }, { limit: 1 })).records.length, 0);
    await store.touch([{ id: record.id, lastSeenAt: record.lastSeenAt + 1 }]);
    assert.equal((await store.list({ liveAt: idleEnd }, { limit: 1 })).records.length, 1);
  },
};
