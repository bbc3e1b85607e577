import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { SessionRecord } from "../../session/record.ts";
import type { PageRequest, SessionFilter } from "../../session/store.ts";
import { makeRecord } from "../records.ts";
import { assertRejectsWith, type Cases, changeSession, createSession, listAll } from "./fixtures.ts";

const HOUR = 3_600_000;

function sortNewestFirst(records: readonly SessionRecord[]): string[] {
  return records
    .toSorted((left, right) => right.createdAt - left.createdAt || (left.id < right.id ? 1 : -1))
    .map(({ id }) => id);
}

/** Tests of `list` and `stats`. */
export const listCases: Cases = {
  "list() and stats() of an empty store return nothing": async ({ store }) => {
    assert.deepEqual(await store.list({}, { limit: 10 }), { records: [], next: null });
    assert.deepEqual(await store.stats(5000), {
      total: 0,
      active: 0,
      authenticated: 0,
      oldest: null,
      newest: null,
      countedAt: 5000,
    });
  },

  "list() returns the sessions that match every given filter": async ({ store, other }) => {
    const values = {
      subject: "ada",
      tenant: "acme",
      visitorId: randomUUID(),
      parentId: randomUUID(),
      owner: "consumer:bot",
    };
    const matching = await createSession(store, makeRecord(values));
    const unrelated = await createSession(store, makeRecord());
    for (const filter of Object.entries(values).map(([name, value]) => ({ [name]: value }))) {
      assert.deepEqual(await listAll(other, filter), [matching.id], JSON.stringify(filter));
    }
    assert.deepEqual(await listAll(store, { type: "authenticated" }), [matching.id]);
    assert.deepEqual(await listAll(store, { type: "anonymous" }), [unrelated.id]);
    assert.deepEqual(await listAll(store, { ...values, type: "authenticated" }), [matching.id]);
    assert.deepEqual(await listAll(store, { ...values, type: "anonymous" }), []);
    assert.deepEqual(await listAll(store, { ...values, tenant: "other" }), []);
    await store.revoke({ session: matching.id }, "logout");
    assert.deepEqual(await listAll(store, { ...values, state: "revoked" }), [matching.id]);
    assert.deepEqual(await listAll(store, { state: "active" }), [unrelated.id]);
  },

  "list() refuses undefined, empty and unknown filters, and a missing page": async ({ store }) => {
    await createSession(store, makeRecord({ subject: "ada" }));
    const filters: unknown[] = [
      undefined,
      "ada",
      { subjct: "ada" },
      ...["subject", "tenant", "visitorId", "parentId", "owner"].flatMap((name) => [
        { [name]: undefined },
        { [name]: null },
        { [name]: "" },
      ]),
      { type: undefined },
      { type: "user" },
      { state: undefined },
      { state: "expired" },
      { liveAt: undefined },
      { liveAt: Number.NaN },
    ];
    for (const filter of filters) {
      await assertRejectsWith("VALIDATION_FAILED", store.list(filter as SessionFilter, { limit: 10 }));
    }
    for (const page of [undefined, {}, { limit: 10, curser: "x" }]) {
      await assertRejectsWith("VALIDATION_FAILED", store.list({}, page as unknown as PageRequest));
    }
  },

  "list() returns whole records": async ({ store }) => {
    const record = await createSession(store, makeRecord({ data: { cart: { sku9: 2 } } }));
    assert.deepEqual((await store.list({}, { limit: 1 })).records, [record]);
  },

  "list() filters by the current value of a changed field": async ({ store }) => {
    const record = await createSession(store, makeRecord());
    await changeSession(
      store,
      record,
      { subject: "ada", tenant: "acme", type: "authenticated" },
      "privilege",
    );
    assert.deepEqual(await listAll(store, { subject: "ada", tenant: "acme" }), [record.id]);
    assert.deepEqual(await listAll(store, { type: "anonymous" }), []);
  },

  "list() with liveAt omits sessions that a timeout or a revocation has ended": async ({ store }) => {
    const createdAt = Date.now();
    const live = await createSession(store, makeRecord({ createdAt }));
    const absolute = { createdAt, expiresAt: createdAt + 1000, idleTimeout: 9000 };
    const idle = { createdAt, expiresAt: createdAt + 9000, idleTimeout: 1000 };
    await createSession(store, makeRecord(absolute));
    await createSession(store, makeRecord(idle));
    const revoked = await createSession(store, makeRecord({ createdAt }));
    await store.revoke({ session: revoked.id }, "logout");
    assert.equal((await listAll(store, { liveAt: createdAt + 999 })).length, 3);
    // A time before the revocation: the session was live then, but it is not active now.
    assert.equal((await listAll(store, { liveAt: createdAt - 1 })).length, 3);
    assert.deepEqual(await listAll(store, { liveAt: createdAt + 1000 }), [live.id]);
    assert.equal((await listAll(store, {})).length, 4);
  },

  "list() merges the revoked sessions of every kind, newest first": async ({ store, other }) => {
    const createdAt = Date.now();
    const records = Array.from({ length: 60 }, (_, index) =>
      makeRecord({
        createdAt: createdAt + index,
        tenant: `tenant-${index % 30}`,
        subject: `subject-${index % 4}`,
      }),
    );
    await Promise.all(records.map((record) => createSession(store, record)));
    const revoked = async (filter: SessionFilter, matches: (record: SessionRecord) => boolean) => {
      const wanted = sortNewestFirst(records.filter(matches));
      for (const limit of [7, 100]) {
        assert.deepEqual(await listAll(other, { ...filter, state: "revoked" }, limit), wanted);
      }
      assert.deepEqual(await listAll(other, { ...filter, state: "revoked", liveAt: createdAt }), []);
      const rest = records.filter((record) => !wanted.includes(record.id));
      if (Object.keys(filter).length > 0) return;
      assert.deepEqual(await listAll(other, { state: "active" }), sortNewestFirst(rest));
    };
    const single = records[10]?.id ?? "";
    await store.revoke({ session: single }, "logout");
    await revoked({}, ({ id }) => id === single);
    await store.revoke({ subject: "subject-3" }, "logout");
    await store.revoke({ tenant: "tenant-5" }, "admin");
    const isRevoked = ({ id, subject, tenant }: SessionRecord) =>
      id === single || subject === "subject-3" || tenant === "tenant-5";
    await revoked({}, isRevoked);
    await revoked({ tenant: "tenant-5" }, ({ tenant }) => tenant === "tenant-5");
    await revoked(
      { tenant: "tenant-3" },
      ({ tenant, subject }) => tenant === "tenant-3" && subject === "subject-3",
    );
    await revoked({ subject: "subject-1" }, (record) => record.subject === "subject-1" && isRevoked(record));
    for (let index = 0; index < 25; index++) await store.revoke({ tenant: `tenant-${index}` }, "admin");
    const isOfTenants = ({ tenant }: SessionRecord) => Number(tenant?.slice("tenant-".length)) < 25;
    await revoked({}, (record) => isRevoked(record) || isOfTenants(record));
    await store.revoke({ everyone: true }, "admin");
    await revoked({}, () => true);
    await revoked({ tenant: "tenant-29" }, ({ tenant }) => tenant === "tenant-29");
  },

  "list() sorts newest first, then by id, for every page size": async ({ store, other }) => {
    const start = Date.now();
    const records = await Promise.all(
      Array.from({ length: 25 }, (_, index) =>
        createSession(store, makeRecord({ createdAt: start + Math.floor(index / 5), subject: "ada" })),
      ),
    );
    await createSession(store, makeRecord({ createdAt: start }));
    const expected = sortNewestFirst(records);
    for (const limit of [1, 4, 5, 25, 1000]) {
      assert.deepEqual(await listAll(other, { subject: "ada" }, limit), expected);
    }
    const page = await store.list({ subject: "ada" }, { limit: 25 });
    assert.equal(page.next, null, "a page that ends with the last row has no next page");
  },

  "list() continues at the right session if others were added and deleted between two pages": async ({
    store,
  }) => {
    const start = Date.now();
    const records = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        createSession(store, makeRecord({ createdAt: start + index })),
      ),
    );
    const expected = sortNewestFirst(records);
    const first = await store.list({}, { limit: 4 });
    await createSession(store, makeRecord({ createdAt: start + 100 }));
    for (const { id } of first.records) await store.revoke({ session: id }, "logout");
    await store.sweep(Date.now() + 60_000, 100);
    assert.ok(first.next);
    const second = await store.list({}, { limit: 4, cursor: first.next });
    assert.deepEqual(
      second.records.map(({ id }) => id),
      expected.slice(4, 8),
    );
  },

  "list() rejects a malformed cursor": async ({ store }) => {
    await createSession(store, makeRecord());
    const cursors = ["", "0", "nonsense", "' OR 1=1 --", "\0", "🌮", "x".repeat(100_000)];
    for (const cursor of cursors) {
      await assertRejectsWith("VALIDATION_FAILED", store.list({}, { limit: 1, cursor }));
    }
  },

  "list() rejects a limit that is not a whole number from 1 to 1000": async ({ store }) => {
    for (const limit of [0, -1, 1001, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await assertRejectsWith("VALIDATION_FAILED", store.list({}, { limit }));
    }
  },

  "stats() counts stored, live and authenticated sessions": async ({ store, other }) => {
    const now = Date.now();
    await createSession(store, makeRecord({ createdAt: now - 3000 }));
    await createSession(store, makeRecord({ createdAt: now - 2000, subject: "ada" }));
    await createSession(store, makeRecord({ createdAt: now - 1000, subject: "bob" }));
    await createSession(store, makeRecord({ createdAt: 1000, subject: "old" }));
    const loggedOut = await createSession(store, makeRecord({ createdAt: now, subject: "gone" }));
    await store.revoke({ session: loggedOut.id }, "logout");
    assert.deepEqual(await other.stats(now), {
      total: 5,
      active: 3,
      authenticated: 2,
      oldest: now - 3000,
      newest: now - 1000,
      countedAt: now,
    });
  },

  "stats() and list() include a session while touches and changes keep it alive": async ({
    store,
    other,
  }) => {
    const createdAt = Date.now();
    const isCountedAt = async (time: number) => {
      const { active } = await other.stats(time);
      const listed = await listAll(other, { liveAt: time });
      assert.equal(listed.length, active);
      return active === 1;
    };
    const record = await createSession(store, makeRecord({ createdAt, idleTimeout: HOUR }));
    assert.equal(await isCountedAt(createdAt + HOUR - 1), true);
    assert.equal(await isCountedAt(createdAt + HOUR), false);
    await store.touch([{ id: record.id, lastSeenAt: createdAt + 3 * HOUR }]);
    assert.equal(await isCountedAt(createdAt + 4 * HOUR - 1), true);
    assert.equal(await isCountedAt(createdAt + 4 * HOUR), false);
    const seen = await changeSession(store, record, { lastSeenAt: createdAt + 6 * HOUR });
    assert.equal(await isCountedAt(createdAt + 7 * HOUR - 1), true);
    assert.equal(await isCountedAt(createdAt + 7 * HOUR), false);
    await changeSession(store, seen, { idleTimeout: 9 * HOUR, expiresAt: createdAt + 10 * HOUR });
    assert.equal(await isCountedAt(createdAt + 10 * HOUR - 1), true);
    assert.equal(await isCountedAt(createdAt + 10 * HOUR), false);
    assert.equal(await store.sweep(createdAt + 10 * HOUR, 9), 0);
    assert.equal(await store.sweep(createdAt + 10 * HOUR + 1, 9), 1);
  },
};
