import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { SessionRecord } from "../../session/record.ts";
import type { SessionFilter } from "../../session/store.ts";
import { makeRecord } from "../records.ts";
import { type Cases, change, create, listAll, rejectsWith } from "./lab.ts";

const HOUR = 3_600_000;

function newestFirst(records: readonly SessionRecord[]): string[] {
  return records
    .toSorted((left, right) => right.createdAt - left.createdAt || (left.id < right.id ? 1 : -1))
    .map(({ id }) => id);
}

/** `list` and `stats`. */
export const listing: Cases = {
  "an empty store lists nothing": async ({ store }) => {
    assert.deepEqual(await store.list({}, { limit: 10 }), { records: [], next: null });
    assert.deepEqual(await store.stats(Date.now()), {
      total: 0,
      active: 0,
      authenticated: 0,
      oldest: null,
      newest: null,
    });
  },

  "each filter finds its own, and all given must match": async ({ store, other }) => {
    const marks = {
      subject: "ada",
      tenant: "acme",
      visitorId: randomUUID(),
      parentId: randomUUID(),
      owner: "consumer:bot",
    };
    const marked = await create(store, makeRecord(marks));
    const plain = await create(store, makeRecord());
    for (const filter of Object.entries(marks).map(([name, value]) => ({ [name]: value }))) {
      assert.deepEqual(await listAll(other, filter), [marked.id], JSON.stringify(filter));
    }
    assert.deepEqual(await listAll(store, { type: "authenticated" }), [marked.id]);
    assert.deepEqual(await listAll(store, { type: "anonymous" }), [plain.id]);
    assert.deepEqual(await listAll(store, { ...marks, type: "authenticated" }), [marked.id]);
    assert.deepEqual(await listAll(store, { ...marks, type: "anonymous" }), []);
    assert.deepEqual(await listAll(store, { ...marks, tenant: "other" }), []);
    await store.revoke({ session: marked.id }, "logout");
    assert.deepEqual(await listAll(store, { ...marks, state: "revoked" }), [marked.id]);
    assert.deepEqual(await listAll(store, { state: "active" }), [plain.id]);
  },

  "a filter given as undefined is none": async ({ store }) => {
    const { id } = await create(store, makeRecord({ subject: "ada" }));
    const filter: Record<string, undefined> = { subject: undefined, tenant: undefined };
    assert.deepEqual(await listAll(store, filter as SessionFilter), [id]);
  },

  "a listed record is the whole record": async ({ store }) => {
    const record = await create(store, makeRecord({ data: { cart: { sku9: 2 } } }));
    assert.deepEqual((await store.list({}, { limit: 1 })).records, [record]);
  },

  "a changed field moves the session from one filter to the other": async ({ store }) => {
    const record = await create(store, makeRecord());
    await change(store, record, { subject: "ada", tenant: "acme", type: "authenticated" }, "privilege");
    assert.deepEqual(await listAll(store, { subject: "ada", tenant: "acme" }), [record.id]);
    assert.deepEqual(await listAll(store, { type: "anonymous" }), []);
  },

  "liveAt leaves out what either timeout or a revocation ended": async ({ store }) => {
    const createdAt = Date.now();
    const live = await create(store, makeRecord({ createdAt }));
    const absolute = { createdAt, expiresAt: createdAt + 1000, idleTimeout: 9000 };
    const idle = { createdAt, expiresAt: createdAt + 9000, idleTimeout: 1000 };
    await create(store, makeRecord(absolute));
    await create(store, makeRecord(idle));
    const revoked = await create(store, makeRecord({ createdAt }));
    await store.revoke({ session: revoked.id }, "logout");
    assert.equal((await listAll(store, { liveAt: createdAt + 999 })).length, 3);
    assert.deepEqual(await listAll(store, { liveAt: createdAt + 1000 }), [live.id]);
    assert.equal((await listAll(store, {})).length, 4);
  },

  "newest first, ties by id, whatever the size of the page": async ({ store, other }) => {
    const start = Date.now();
    const records = await Promise.all(
      Array.from({ length: 25 }, (_, index) =>
        create(store, makeRecord({ createdAt: start + Math.floor(index / 5), subject: "ada" })),
      ),
    );
    await create(store, makeRecord({ createdAt: start }));
    const expected = newestFirst(records);
    for (const limit of [1, 4, 5, 25, 1000]) {
      assert.deepEqual(await listAll(other, { subject: "ada" }, limit), expected);
    }
    const page = await store.list({ subject: "ada" }, { limit: 25 });
    assert.equal(page.next, null, "a page that ends with the last row is the last page");
  },

  "pages stay in place while rows come and go": async ({ store }) => {
    const start = Date.now();
    const records = await Promise.all(
      Array.from({ length: 10 }, (_, index) => create(store, makeRecord({ createdAt: start + index }))),
    );
    const expected = newestFirst(records);
    const first = await store.list({}, { limit: 4 });
    await create(store, makeRecord({ createdAt: start + 100 }));
    for (const { id } of first.records) await store.revoke({ session: id }, "logout");
    await store.sweep(Date.now() + 60_000, 100);
    assert.ok(first.next);
    const second = await store.list({}, { limit: 4, cursor: first.next });
    assert.deepEqual(
      second.records.map(({ id }) => id),
      expected.slice(4, 8),
    );
  },

  "a cursor that no page gave is refused": async ({ store }) => {
    await create(store, makeRecord());
    const cursors = ["", "0", "nonsense", "' OR 1=1 --", "\0", "🌮", "x".repeat(100_000)];
    for (const cursor of cursors) {
      await rejectsWith("VALIDATION_FAILED", store.list({}, { limit: 1, cursor }));
    }
  },

  "a limit is a whole number from 1 to 1000": async ({ store }) => {
    for (const limit of [0, -1, 1001, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await rejectsWith("VALIDATION_FAILED", store.list({}, { limit }));
    }
  },

  "stats count what is stored, and what of it is live": async ({ store, other }) => {
    const now = Date.now();
    await create(store, makeRecord({ createdAt: now - 3000 }));
    await create(store, makeRecord({ createdAt: now - 2000, subject: "ada" }));
    await create(store, makeRecord({ createdAt: now - 1000, subject: "bob" }));
    await create(store, makeRecord({ createdAt: 1000, subject: "old" }));
    const gone = await create(store, makeRecord({ createdAt: now, subject: "gone" }));
    await store.revoke({ session: gone.id }, "logout");
    const expected = { total: 5, active: 3, authenticated: 2, oldest: now - 3000, newest: now - 1000 };
    assert.deepEqual(await other.stats(now), expected);
  },

  "stats and filters follow a session that touches and changes keep alive": async ({ store, other }) => {
    const createdAt = Date.now();
    const isCountedAt = async (time: number) => {
      const { active } = await other.stats(time);
      const listed = await listAll(other, { liveAt: time });
      assert.equal(listed.length, active);
      return active === 1;
    };
    const record = await create(store, makeRecord({ createdAt, idleTimeout: HOUR }));
    assert.equal(await isCountedAt(createdAt + HOUR - 1), true);
    assert.equal(await isCountedAt(createdAt + HOUR), false);
    await store.touch([{ id: record.id, lastSeenAt: createdAt + 3 * HOUR }]);
    assert.equal(await isCountedAt(createdAt + 4 * HOUR - 1), true);
    assert.equal(await isCountedAt(createdAt + 4 * HOUR), false);
    const seen = await change(store, record, { lastSeenAt: createdAt + 6 * HOUR });
    assert.equal(await isCountedAt(createdAt + 7 * HOUR - 1), true);
    assert.equal(await isCountedAt(createdAt + 7 * HOUR), false);
    await change(store, seen, { idleTimeout: 9 * HOUR, expiresAt: createdAt + 10 * HOUR });
    assert.equal(await isCountedAt(createdAt + 10 * HOUR - 1), true);
    assert.equal(await isCountedAt(createdAt + 10 * HOUR), false);
    assert.equal(await store.sweep(createdAt + 10 * HOUR, 9), 0);
    assert.equal(await store.sweep(createdAt + 10 * HOUR + 1, 9), 1);
  },
};
