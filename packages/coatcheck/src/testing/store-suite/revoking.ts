import assert from "node:assert/strict";
import type { SessionRecord } from "../../session/record.ts";
import type { RevocationScope } from "../../session/store.ts";
import { makeRecord } from "../records.ts";
import {
  assertRejectsWith,
  type Cases,
  changeData,
  changeSession,
  createSession,
  listAll,
  readSession,
} from "./fixtures.ts";

const SCOPES: readonly RevocationScope[] = [{ subject: "ada" }, { tenant: "acme" }, { everyone: true }];

function withRevocation(record: SessionRecord, reason: SessionRecord["reason"]): SessionRecord {
  return { ...record, state: "revoked", reason, version: record.version + 1 };
}

/** Tests of `revoke` in every scope, and of `put` with a session limit. */
export const revokeCases: Cases = {
  "revoke() of one session changes its state, reason and version only": async ({ store, other }) => {
    const record = await createSession(store, makeRecord());
    const unrelated = await createSession(store, makeRecord());
    assert.equal(await store.revoke({ session: record.id }, "token-reuse"), 1);
    assert.deepEqual(await readSession(other, record.id), withRevocation(record, "token-reuse"));
    assert.deepEqual(await readSession(other, unrelated.id), unrelated);
  },

  "revoke() of revoked sessions returns 0 and changes nothing": async ({ store, other }) => {
    const record = await createSession(store, makeRecord({ subject: "ada", tenant: "acme" }));
    assert.equal(await store.revoke({ session: record.id }, "logout"), 1);
    for (const scope of [{ session: record.id }, ...SCOPES]) {
      assert.equal(await other.revoke(scope, "admin"), 0);
    }
    assert.deepEqual(await readSession(store, record.id), withRevocation(record, "logout"));
  },

  "revoke() of missing sessions returns 0": async ({ store }) => {
    assert.equal(await store.revoke({ session: makeRecord().id }, "logout"), 0);
    for (const scope of SCOPES) assert.equal(await store.revoke(scope, "logout"), 0);
  },

  "revoke() counts a session once when many callers revoke it concurrently": async ({ store, other }) => {
    const { id } = await createSession(store, makeRecord());
    const counts = await Promise.all(
      Array.from({ length: 10 }, (_, index) => (index % 2 ? store : other).revoke({ session: id }, "logout")),
    );
    assert.equal(
      counts.reduce((left, right) => left + right),
      1,
    );
    assert.equal((await readSession(store, id)).version, 2);
  },

  "revoke() refuses a scope that is undefined, empty, ambiguous or unknown, and ends nothing": async ({
    store,
  }) => {
    const { id } = await createSession(store, makeRecord({ subject: "ada", tenant: "acme" }));
    const scopes: unknown[] = [
      undefined,
      {},
      id,
      { session: undefined },
      { subject: undefined },
      { subject: "" },
      { subject: null },
      { subject: 7 },
      { tenant: undefined },
      { tenant: "" },
      { everyone: false },
      { everyone: undefined },
      { subject: "ada", tenant: "acme" },
      { subject: "ada", except: undefined },
      { subject: "ada", except: "" },
      { tenant: "acme", except: id },
      { except: id },
      { subjct: "ada" },
    ];
    for (const scope of scopes) {
      await assertRejectsWith("VALIDATION_FAILED", store.revoke(scope as RevocationScope, "admin"));
    }
    assert.equal((await store.stats(Date.now())).active, 1);
  },

  "revoke() of a subject ends all of its sessions, or all except one": async ({ store }) => {
    const [first, second, third] = await Promise.all(
      [1, 2, 3].map(() => createSession(store, makeRecord({ subject: "ada" }))),
    );
    assert.ok(first && second && third);
    const unrelated = await createSession(store, makeRecord({ subject: "bob" }));
    assert.equal(await store.revoke({ subject: "ada", except: second.id }, "credentials-changed"), 2);
    assert.deepEqual(await readSession(store, first.id), withRevocation(first, "credentials-changed"));
    assert.deepEqual(await readSession(store, second.id), second);
    assert.equal(await store.revoke({ subject: "ada" }, "admin"), 1);
    assert.deepEqual(await readSession(store, second.id), withRevocation(second, "admin"));
    assert.deepEqual(await readSession(store, third.id), withRevocation(third, "credentials-changed"));
    assert.deepEqual(await readSession(store, unrelated.id), unrelated);
  },

  "revoke() of a tenant ends the sessions of that tenant only": async ({ store, other }) => {
    const inside = await Promise.all(
      [1, 2, 3].map(() => createSession(store, makeRecord({ tenant: "acme" }))),
    );
    const outside = [makeRecord({ tenant: "other" }), makeRecord()];
    for (const record of outside) await createSession(store, record);
    assert.equal(await store.revoke({ tenant: "acme" }, "admin"), 3);
    for (const record of inside)
      assert.deepEqual(await readSession(other, record.id), withRevocation(record, "admin"));
    for (const record of outside) assert.deepEqual(await readSession(other, record.id), record);
    assert.equal(await other.revoke({ tenant: "acme" }, "revoked"), 0);
    assert.equal(await store.revoke({ everyone: true }, "revoked"), 2);
    assert.equal((await readSession(store, inside[0]?.id ?? "")).reason, "admin");
  },

  "revoke() of everyone ends all sessions": async ({ store, other }) => {
    const records = [makeRecord(), makeRecord({ subject: "ada" }), makeRecord({ tenant: "acme" })];
    for (const record of records) await createSession(store, record);
    assert.equal(await store.revoke({ everyone: true }, "admin"), 3);
    for (const record of records)
      assert.deepEqual(await readSession(other, record.id), withRevocation(record, "admin"));
    assert.equal(await other.revoke({ everyone: true }, "admin"), 0);
  },

  "put() and touch() do not revive a session that a mass revocation ended": async ({ store, other }) => {
    for (const scope of SCOPES) {
      const record = await createSession(store, makeRecord({ subject: "ada", tenant: "acme" }));
      assert.equal(await other.revoke(scope, "admin"), 1);
      const late = { ...record, version: 2, tenant: null, subject: null };
      assert.equal(await store.put(late, { expectedVersion: 1, change: "data" }), "conflict");
      assert.equal(
        await store.put({ ...late, version: 3 }, { expectedVersion: 2, change: "data" }),
        "conflict",
      );
      assert.equal(await store.put(record, { expectedVersion: 0, change: "data" }), "conflict");
      await store.touch([{ id: record.id, lastSeenAt: record.lastSeenAt + 5000 }]);
      assert.deepEqual(await readSession(store, record.id), withRevocation(record, "admin"));
    }
  },

  "sessions that are created after a mass revocation are active": async ({ store, other }) => {
    for (const scope of SCOPES) {
      await createSession(store, makeRecord({ subject: "ada", tenant: "acme" }));
      assert.ok((await store.revoke(scope, "admin")) > 0);
      const after = await createSession(other, makeRecord({ subject: "ada", tenant: "acme" }));
      const later = await changeSession(store, after, { data: { views: 1 } });
      assert.deepEqual(await readSession(store, after.id), later);
      assert.equal(await store.revoke(scope, "admin"), 1);
    }
  },

  "a session that joins a tenant after the tenant's revocation stays active": async ({ store }) => {
    await createSession(store, makeRecord({ tenant: "acme" }));
    const early = await createSession(store, makeRecord({ subject: "ada" }));
    await store.revoke({ tenant: "acme" }, "admin");
    const joined = await changeSession(store, early, { tenant: "acme" }, "privilege");
    assert.deepEqual(await readSession(store, early.id), joined);
    assert.equal(await store.revoke({ tenant: "acme" }, "admin"), 1);
  },

  "list() and stats() reflect a mass revocation": async ({ store, other }) => {
    for (const scope of SCOPES) {
      const fields = { subject: "ada", tenant: "acme" };
      const { id } = await createSession(store, makeRecord(fields));
      await store.revoke(scope, "admin");
      assert.deepEqual(await listAll(other, { ...fields, state: "active" }), []);
      assert.deepEqual(await listAll(other, { ...fields, liveAt: Date.now() }), []);
      assert.ok((await listAll(other, { ...fields, state: "revoked" })).includes(id));
      assert.equal((await other.stats(Date.now())).active, 0);
    }
  },

  "revoke() of a subject finds a session by its current subject": async ({ store }) => {
    const anonymous = await createSession(store, makeRecord());
    const ada = await changeSession(store, anonymous, { subject: "ada", type: "authenticated" }, "privilege");
    assert.equal(await store.revoke({ subject: "bob" }, "admin"), 0);
    await changeSession(store, ada, { subject: "bob" }, "privilege");
    assert.equal(await store.revoke({ subject: "ada" }, "admin"), 0);
    assert.equal(await store.revoke({ subject: "bob" }, "admin"), 1);
  },

  "revoke() ends a session permanently despite concurrent writers": async ({ store, other }) => {
    const { id } = await createSession(store, makeRecord({ data: { count: 0 } }));
    const writers = Array.from({ length: 20 }, async (_, index) => {
      const writer = index % 2 ? store : other;
      await changeData(writer, id, (data) => ({ count: Number(data.count) + 1 }));
    });
    const [count] = await Promise.all([store.revoke({ session: id }, "logout"), ...writers]);
    assert.equal(count, 1);
    assert.equal((await readSession(other, id)).state, "revoked");
  },

  "the session limit counts the subject's live sessions, including the stored one": async ({ store }) => {
    const now = Date.now();
    const sessionLimit = { max: 2, now };
    const login = () => makeRecord({ subject: "ada" });
    await createSession(store, makeRecord({ subject: "ada", createdAt: 1000 }));
    const loggedOut = await createSession(store, login());
    await store.revoke({ session: loggedOut.id }, "logout");
    await createSession(store, makeRecord({ subject: "bob" }));
    const first = await createSession(store, login(), { sessionLimit });
    await createSession(store, login(), { sessionLimit });
    const third = login();
    assert.equal(await store.put(third, { expectedVersion: 0, change: "data", sessionLimit }), "over-limit");
    assert.equal(await store.get(third.id), null);
    const again = { ...first, version: 2 };
    assert.equal(await store.put(again, { expectedVersion: 1, change: "data", sessionLimit }), "stored");
    await store.revoke({ session: first.id }, "limit");
    await createSession(store, third, { sessionLimit });
  },

  'put() returns "conflict" before it checks the session limit': async ({ store }) => {
    const sessionLimit = { max: 1, now: Date.now() };
    const first = await createSession(store, makeRecord({ subject: "ada" }), { sessionLimit });
    const other = makeRecord({ subject: "ada", version: 5 });
    assert.equal(await store.put(other, { expectedVersion: 4, change: "data", sessionLimit }), "conflict");
    assert.equal(await store.put(first, { expectedVersion: 0, change: "data", sessionLimit }), "conflict");
  },

  "concurrent logins cannot exceed the session limit": async ({ store, other }) => {
    const sessionLimit = { max: 3, now: Date.now() };
    const fresh = Array.from({ length: 10 }, (_, index) =>
      (index % 2 ? store : other).put(makeRecord({ subject: "ada" }), {
        expectedVersion: 0,
        change: "data",
        sessionLimit,
      }),
    );
    const visitors = await Promise.all(Array.from({ length: 10 }, () => createSession(store, makeRecord())));
    const logins = visitors.map((visitor, index) =>
      (index % 2 ? store : other).put(
        { ...visitor, version: 2, subject: "ada", type: "authenticated" },
        { expectedVersion: 1, change: "privilege", sessionLimit },
      ),
    );
    const outcomes = await Promise.all([...fresh, ...logins]);
    assert.equal(outcomes.filter((outcome) => outcome === "stored").length, 3);
    assert.equal(outcomes.filter((outcome) => outcome === "over-limit").length, 17);
    assert.equal((await listAll(store, { subject: "ada", liveAt: sessionLimit.now })).length, 3);
  },
};
