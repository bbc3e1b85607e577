import assert from "node:assert/strict";
import { makeFullRecord, makeRecord, nextVersion } from "../records.ts";
import { type Cases, changeData, changeSession, createSession, readSession } from "./fixtures.ts";

const WRITER_COUNT = 60;

/** Tests of `get`, `put` and `touch`. */
export const writeCases: Cases = {
  "get() returns null for a missing session": async ({ store }) => {
    assert.equal(await store.get(makeRecord().id), null);
  },

  "get() returns every field as it was stored": async ({ store, other }) => {
    const full = await createSession(store, makeFullRecord());
    assert.deepEqual(await readSession(store, full.id), full);
    assert.deepEqual(await readSession(other, full.id), full);
    const empty = await createSession(store, makeRecord());
    assert.deepEqual(await readSession(store, empty.id), empty);
  },

  "put() replaces every field": async ({ store }) => {
    const before = await createSession(store, makeRecord());
    const { id, createdAt } = before;
    const after = makeFullRecord({ id, createdAt, version: 2 });
    assert.equal(await store.put(after, { expectedVersion: 1, change: "data" }), "stored");
    assert.deepEqual(await readSession(store, id), after);
    const emptied = { ...before, version: 3 };
    assert.equal(await store.put(emptied, { expectedVersion: 2, change: "data" }), "stored");
    assert.deepEqual(await readSession(store, id), emptied);
  },

  "changing a record outside the store does not change the stored record": async ({ store }) => {
    const cart: Record<string, number> = { sku9: 1 };
    const creating = createSession(store, makeRecord({ data: { cart } }));
    cart.sku9 = 2;
    const { id } = await creating;
    const found = await readSession(store, id);
    const [listed] = (await store.list({}, { limit: 1 })).records;
    for (const copy of [found, listed]) {
      try {
        (copy?.data.cart as Record<string, number>).sku9 = 3;
      } catch (error) {
        assert.ok(error instanceof TypeError, "a frozen record refuses with a TypeError");
      }
    }
    assert.deepEqual((await readSession(store, id)).data, { cart: { sku9: 1 } });
    assert.deepEqual((await store.list({}, { limit: 1 })).records[0]?.data, { cart: { sku9: 1 } });
  },

  'put() returns "conflict" when the session to create exists, and keeps that session': async ({
    store,
    other,
  }) => {
    const first = await createSession(store, makeRecord({ data: { first: true } }));
    const second = { ...first, data: {} };
    assert.equal(await other.put(second, { expectedVersion: 0, change: "data" }), "conflict");
    assert.deepEqual(await readSession(store, first.id), first);
  },

  "put() creates a session once when many callers create it concurrently": async ({ store, other }) => {
    const record = makeRecord();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? store : other).put(record, { expectedVersion: 0, change: "data" }),
      ),
    );
    assert.equal(outcomes.filter((outcome) => outcome === "stored").length, 1);
  },

  'put() returns "conflict" when the session to update is missing, and does not create it': async ({
    store,
  }) => {
    const record = makeRecord({ version: 2 });
    assert.equal(await store.put(record, { expectedVersion: 1, change: "data" }), "conflict");
    assert.equal(await store.get(record.id), null);
  },

  'put() returns "conflict" for another version, and changes nothing': async ({ store, other }) => {
    const first = await createSession(store, makeRecord());
    const second = await changeSession(other, first, { data: { views: 1 } });
    for (const expectedVersion of [1, 3]) {
      const stale = { ...first, version: expectedVersion + 1, data: { views: 9 } };
      assert.equal(await store.put(stale, { expectedVersion, change: "data" }), "conflict");
    }
    assert.deepEqual(await readSession(store, first.id), second);
  },

  "put() loses no increment of sixty concurrent writers": async ({ store, other }) => {
    const { id } = await createSession(store, makeRecord({ data: { count: 0 } }));
    await Promise.all(
      Array.from({ length: WRITER_COUNT }, (_, index) =>
        changeData(index % 2 ? store : other, id, (data) => ({ ...data, count: Number(data.count) + 1 })),
      ),
    );
    const { data, version } = await readSession(store, id);
    assert.deepEqual({ data, version }, { data: { count: WRITER_COUNT }, version: WRITER_COUNT + 1 });
  },

  "put() does not update a revoked session": async ({ store, other }) => {
    const record = await createSession(store, makeRecord());
    await other.revoke({ session: record.id }, "logout");
    for (const expectedVersion of [1, 2]) {
      const late = { ...record, version: expectedVersion + 1 };
      assert.equal(await store.put(late, { expectedVersion, change: "data" }), "conflict");
      assert.equal(await store.put(late, { expectedVersion, change: "privilege" }), "conflict");
    }
    assert.equal((await readSession(store, record.id)).state, "revoked");
  },

  "put() does not create a session under the id of a revoked one": async ({ store }) => {
    const record = await createSession(store, makeRecord());
    await store.revoke({ session: record.id }, "logout");
    assert.equal(await store.put(record, { expectedVersion: 0, change: "data" }), "conflict");
    assert.equal((await readSession(store, record.id)).state, "revoked");
  },

  "put() does not update a swept session": async ({ store, other }) => {
    const record = await createSession(store, makeRecord({ createdAt: 1000 }));
    assert.equal(await other.sweep(Date.now(), 10), 1);
    const late = nextVersion(record);
    assert.equal(await store.put(late, { expectedVersion: 1, change: "data" }), "conflict");
    assert.equal(await store.get(record.id), null);
  },

  "get() returns an expired session, and put() updates it": async ({ store }) => {
    const record = await createSession(store, makeRecord({ createdAt: 1000 }));
    assert.deepEqual(await readSession(store, record.id), record);
    await changeSession(store, record, { data: { views: 1 } });
  },

  "touch() moves lastSeenAt forward only and keeps the version": async ({ store, other }) => {
    const record = await createSession(store, makeRecord());
    const lastSeenAt = record.lastSeenAt + 5000;
    await store.touch([{ id: record.id, lastSeenAt }]);
    await other.touch([{ id: record.id, lastSeenAt: lastSeenAt - 1 }]);
    assert.deepEqual(await readSession(store, record.id), { ...record, lastSeenAt });
  },

  "put() keeps a touch that was stored after its record was read": async ({ store, other }) => {
    const record = await createSession(store, makeRecord());
    const touched = record.lastSeenAt + 5000;
    await other.touch([{ id: record.id, lastSeenAt: touched }]);
    const second = await changeSession(store, record, { data: { views: 1 } });
    assert.deepEqual(await readSession(other, record.id), { ...second, lastSeenAt: touched });
    const third = await changeSession(store, second, { subject: "ada", type: "authenticated" }, "privilege");
    assert.deepEqual(await readSession(other, record.id), { ...third, lastSeenAt: touched });
    const idleEnd = touched + record.idleTimeout;
    assert.equal((await store.list({ liveAt: idleEnd - 1 }, { limit: 1 })).records.length, 1);
    const later = touched + 1000;
    const fourth = await changeSession(store, third, { lastSeenAt: later });
    assert.deepEqual(await readSession(other, record.id), fourth);
  },

  "touch() ignores missing ids": async ({ store }) => {
    const record = await createSession(store, makeRecord());
    const missing = makeRecord().id;
    const lastSeenAt = record.lastSeenAt + 1;
    await store.touch([
      { id: missing, lastSeenAt },
      { id: record.id, lastSeenAt },
    ]);
    await store.touch([]);
    assert.equal(await store.get(missing), null);
    assert.equal((await readSession(store, record.id)).lastSeenAt, lastSeenAt);
  },

  "touch() accepts many sessions in one call, and the same session twice": async ({ store }) => {
    const records = await Promise.all(Array.from({ length: 50 }, () => createSession(store, makeRecord())));
    const touches = records.map(({ id, lastSeenAt }) => ({ id, lastSeenAt: lastSeenAt + 2 }));
    const lower = records.map(({ id, lastSeenAt }) => ({ id, lastSeenAt: lastSeenAt + 1 }));
    await store.touch([...touches, ...lower]);
    for (const { id, lastSeenAt } of touches)
      assert.equal((await readSession(store, id)).lastSeenAt, lastSeenAt);
  },

  "touch() does not change a revoked session": async ({ store }) => {
    const record = await createSession(store, makeRecord());
    await store.revoke({ session: record.id }, "logout");
    const ended = await readSession(store, record.id);
    await store.touch([{ id: record.id, lastSeenAt: record.lastSeenAt + 5000 }]);
    assert.deepEqual(await readSession(store, record.id), ended);
  },

  "touch() postpones the idle timeout": async ({ store }) => {
    const record = await createSession(store, makeRecord());
    const idleEnd = record.lastSeenAt + record.idleTimeout;
    assert.equal((await store.list({ liveAt: idleEnd }, { limit: 1 })).records.length, 0);
    await store.touch([{ id: record.id, lastSeenAt: record.lastSeenAt + 1 }]);
    assert.equal((await store.list({ liveAt: idleEnd }, { limit: 1 })).records.length, 1);
  },
};
