import assert from "node:assert/strict";
import type { SessionRecord } from "../../session/record.ts";
import { makeRecord } from "../records.ts";
import { type Cases, createSession, listAll, readLogEnd, readLogFrom, readSession } from "./fixtures.ts";

/** Names that differ only in what some collations ignore. */
const NAMES: readonly string[] = [
  "ada",
  "Ada",
  "ADA",
  "\u00e1da",
  "a\u0301da",
  "ada ",
  " ada",
  "ada\t",
  "ada\u00a0",
  "a\u00adda",
  "a\u200bda",
  "\uff41da",
  "strasse",
  "stra\u00dfe",
  "i",
  "\u0131",
  "\u{1f32e}",
  "\u{1f32f}",
];

const FIELDS = ["subject", "tenant", "owner", "visitorId"] as const;

function escapeName(name: string): string {
  return JSON.stringify(name).replace(
    /[^ -~]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

function createRecordPerName(field: (typeof FIELDS)[number]): readonly SessionRecord[] {
  return NAMES.map((name) => makeRecord({ [field]: name }));
}

/** Tests with names that a collation may regard as equal. */
export const exactTextCases: Cases = {
  "list() distinguishes names by case, accents, normalization and blanks": async ({ store, other }) => {
    const records = NAMES.map((name) =>
      makeRecord({ subject: name, tenant: name, owner: name, visitorId: name }),
    );
    await Promise.all(records.map((record) => createSession(store, record)));
    for (const field of FIELDS) {
      const found = await Promise.all(NAMES.map((name) => listAll(other, { [field]: name })));
      for (const [index, name] of NAMES.entries()) {
        assert.deepEqual(found[index], [records[index]?.id], `${field} ${escapeName(name)}`);
      }
    }
    assert.deepEqual(await listAll(other, { subject: "aDA" }), []);
  },

  ...Object.fromEntries(
    (["subject", "tenant"] as const).map((field) => [
      `revoke() of a ${field} distinguishes names by case, accents, normalization and blanks`,
      async ({ store, other }) => {
        const records = createRecordPerName(field);
        await Promise.all(records.map((record) => createSession(store, record)));
        const start = await readLogEnd(store);
        for (const [index, name] of NAMES.entries()) {
          const scope = field === "subject" ? { subject: name } : { tenant: name };
          assert.equal(await other.revoke(scope, "admin"), 1, `${field} ${escapeName(name)}`);
          const { state } = await readSession(store, records[index]?.id ?? "");
          assert.equal(state, "revoked", `${field} ${escapeName(name)}`);
        }
        assert.deepEqual(
          (await readLogFrom(store, start)).map((item) => "scope" in item && item.scope),
          NAMES.map((name) => ({ [field]: name })),
        );
      },
    ]),
  ),

  "the session limit distinguishes names by case, accents, normalization and blanks": async ({ store }) => {
    const sessionLimit = { max: 1, now: Date.now() };
    for (const record of createRecordPerName("subject")) {
      const outcome = await store.put(record, { expectedVersion: 0, change: "data", sessionLimit });
      assert.equal(outcome, "stored", `subject ${escapeName(record.subject ?? "")}`);
    }
  },
};
