import assert from "node:assert/strict";
import type { JsonObject } from "../../session/json.ts";
import { makeRecord } from "../records.ts";
import {
  assertRejectsWith,
  type Cases,
  changeSession,
  createSession,
  listAll,
  readSession,
} from "./fixtures.ts";

const HOSTILE_IDS = [
  "",
  "../x",
  "'; DROP TABLE session; --",
  '"',
  "\\",
  "%",
  "*",
  "\0",
  "a\0b",
  "\ud83c\udf2e",
  "__proto__",
  "constructor",
  "{b42}",
  "00000000-0000-4000-8000-000000000000",
];

/** Valid JSON that stores have been known to corrupt. */
const HOSTILE_DATA: readonly JsonObject[] = [
  JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":null},"toString":1}'),
  { "": "", " ": " ", "a.b": 1, $where: "1", "'": '"', "\\": "\\u0000" },
  { nul: "a\0b", "\0": "name", control: "\u0001\u001f\u007f\u2028\u2029\ufeff" },
  { emoji: "🌮👩‍👩‍👧", combining: "e\u0301", rtl: "\u202eabc", astral: "𝕏" },
  { numbers: [0, -1, 1.5, 1e-7, 1e21, Number.MAX_SAFE_INTEGER, Number.MIN_VALUE], nothing: null },
  { emptyObject: {}, emptyArray: [], nested: { emptyObject: {}, list: [[], {}, [[]]] } },
];

/** Spellings that a database may accept for the id: other case, blanks, the forms of a PostgreSQL uuid. */
function misspellingsOf(id: string): readonly string[] {
  return [
    id.toUpperCase(),
    `${id} `,
    ` ${id}`,
    `{${id}}`,
    id.replaceAll("-", ""),
    `urn:uuid:${id}`,
    `${id}\0`,
  ];
}

function createNestedData(levels: number): JsonObject {
  return levels === 0 ? {} : { inner: createNestedData(levels - 1) };
}

/** Tests with hostile input, and tests of `close`. */
export const robustnessCases: Cases = {
  "every method treats a malformed id as a missing one": async ({ store }) => {
    const record = await createSession(store, makeRecord({ id: "abcdef01-2345-4678-9abc-def012345678" }));
    for (const id of [...HOSTILE_IDS, ...misspellingsOf(record.id), "x".repeat(10_000_000)]) {
      assert.equal(await store.get(id), null);
      assert.equal(await store.revoke({ session: id }, "logout"), 0);
      await store.touch([{ id, lastSeenAt: record.lastSeenAt + 1 }]);
    }
    assert.deepEqual(await readSession(store, record.id), record);
    assert.equal((await store.stats(Date.now())).active, 1);
  },

  "data with unusual names and strings is returned unchanged": async ({ store, other }) => {
    for (const data of HOSTILE_DATA) {
      const { id } = await createSession(store, makeRecord({ data, metadata: data, flash: data }));
      const found = await readSession(other, id);
      const expected = JSON.stringify(data);
      assert.equal(JSON.stringify(found.data), expected);
      assert.equal(JSON.stringify(found.metadata), expected);
      assert.equal(JSON.stringify(found.flash), expected);
    }
    assert.equal(({} as { admin?: boolean }).admin, undefined);
  },

  "large and deeply nested data is returned unchanged": async ({ store }) => {
    const data = { text: "é".repeat(32_768), deep: createNestedData(100) };
    const record = await createSession(store, makeRecord({ data }));
    assert.deepEqual((await readSession(store, record.id)).data, data);
    await changeSession(store, record, { data: {} });
    assert.deepEqual((await readSession(store, record.id)).data, {});
  },

  "subjects, tenants and owners are not interpreted as patterns or code": async ({ store }) => {
    const names = [
      "'; --",
      "%",
      "_",
      "*",
      "a:b",
      "a{b}c",
      "everyone",
      "tenant:x",
      "__proto__",
      "ümläut 🌮",
      "x y",
    ];
    for (const name of names) {
      await createSession(store, makeRecord({ subject: name, owner: name }));
      await createSession(store, makeRecord({ tenant: name, visitorId: name }));
    }
    for (const name of names) {
      for (const filter of [{ subject: name }, { tenant: name }, { owner: name }, { visitorId: name }]) {
        assert.equal((await listAll(store, filter)).length, 1, JSON.stringify(filter));
      }
    }
    for (const name of names) {
      assert.equal(await store.revoke({ subject: name }, "admin"), 1);
      assert.equal(await store.revoke({ tenant: name }, "admin"), 1);
    }
  },

  "every call after close() rejects with STORE_UNAVAILABLE, and close() can be called again": async ({
    store,
  }) => {
    const record = await createSession(store, makeRecord());
    await store.close();
    await store.close();
    const calls = [
      () => store.get(record.id),
      () => store.put(makeRecord(), { expectedVersion: 0, change: "data" }),
      () => store.touch([{ id: record.id, lastSeenAt: Date.now() }]),
      () => store.revoke({ session: record.id }, "logout"),
      () => store.invalidate("user:7"),
      () => store.list({}, { limit: 1 }),
      () => store.stats(Date.now()),
      () => store.changes(null),
      () => store.sweep(0, 1),
    ];
    for (const call of calls) await assertRejectsWith("STORE_UNAVAILABLE", call());
  },

  "close() waits for the writes that were accepted before": async ({ store, other }) => {
    const record = makeRecord();
    const accepted = store.put(record, { expectedVersion: 0, change: "data" });
    await store.close();
    assert.equal(await accepted, "stored");
    if (other !== store) assert.deepEqual(await readSession(other, record.id), record);
  },
};
