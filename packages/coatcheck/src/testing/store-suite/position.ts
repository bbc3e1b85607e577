import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { SessionRecord } from "../../session/record.ts";
import type { LogItem, RevocationScope, SessionStore, Snapshot } from "../../session/store.ts";
import { makeRecord } from "../records.ts";
import { type Cases, changeSession, createSession, readLogEnd, readLogFrom } from "./fixtures.ts";

const ROUND_COUNT = 6;
const READER_COUNT = 6;

/** Reads a session again and again, and returns all copies. The last read begins after `isOver` has become true. */
async function readUntil(
  isOver: () => boolean,
  store: SessionStore,
  id: string,
): Promise<readonly Snapshot[]> {
  const copies: Snapshot[] = [];
  for (let isLast = false; ; ) {
    const copy = await store.get(id);
    assert.ok(copy, "a session whose row exists must be found");
    copies.push(copy);
    if (isLast) return copies;
    // Yields to the event loop: a store that resolves in the same turn would starve the writer.
    await setImmediate();
    isLast = isOver();
  }
}

/** Reads a session through both stores while `write` runs, and returns all copies. */
async function readDuring(
  stores: readonly [SessionStore, SessionStore],
  id: string,
  write: () => Promise<unknown>,
): Promise<readonly Snapshot[]> {
  let isOver = false;
  const readers = Array.from({ length: READER_COUNT }, (_, index) =>
    readUntil(() => isOver, stores[index % 2 ? 0 : 1], id),
  );
  try {
    await write();
  } finally {
    isOver = true;
  }
  return (await Promise.all(readers)).flat();
}

/** Whether a record reflects the change that a log item reports. */
function reflectsItem({ version, state }: SessionRecord, item: LogItem): boolean {
  return "minVersion" in item ? version >= item.minVersion : !("scope" in item) || state === "revoked";
}

function requireHonestPositions(copies: readonly Snapshot[], items: readonly LogItem[]): void {
  for (const { record, position } of copies) {
    const hidden = items.find((item) => item.position < position && !reflectsItem(record, item));
    const { state, version } = record;
    assert.equal(
      hidden,
      undefined,
      `a copy of version ${version} (${state}) with position ${position} hides the log item ${JSON.stringify(hidden)}`,
    );
  }
}

const SCOPES: Readonly<Record<string, (id: string) => RevocationScope>> = {
  "one session": (id) => ({ session: id }),
  "a subject": () => ({ subject: "ada" }),
  "a tenant": () => ({ tenant: "acme" }),
  everyone: () => ({ everyone: true }),
};

async function revokeDuringReads(
  stores: readonly [SessionStore, SessionStore],
  scopeOf: (id: string) => RevocationScope,
): Promise<void> {
  const [store, other] = stores;
  for (let round = 0; round < ROUND_COUNT; round++) {
    const { id } = await createSession(store, makeRecord({ subject: "ada", tenant: "acme" }));
    const start = await readLogEnd(store);
    const copies = await readDuring(stores, id, async () => {
      // Each round revokes at a different moment during the reads.
      for (let turn = 0; turn < round; turn++) await (round % 2 ? setImmediate() : null);
      assert.equal(await (round % 2 ? store : other).revoke(scopeOf(id), "admin"), 1);
    });
    const items = await readLogFrom(other, start);
    assert.ok(items.length > 0);
    requireHonestPositions(copies, items);
  }
}

/** Tests of the position that `get` returns while other calls append to the log. */
export const positionCases: Cases = {
  ...Object.fromEntries(
    Object.entries(SCOPES).map(([name, scopeOf]) => [
      `get() during a revocation of ${name} returns no older copy with a newer position`,
      ({ store, other }) => revokeDuringReads([store, other], scopeOf),
    ]),
  ),

  "get() during changes of privilege returns no older copy with a newer position": async ({
    store,
    other,
  }) => {
    let record = await createSession(store, makeRecord());
    const start = await readLogEnd(store);
    const copies = await readDuring([store, other], record.id, async () => {
      for (let round = 0; round < ROUND_COUNT; round++) {
        await setImmediate();
        record = await changeSession(round % 2 ? store : other, record, { tokenUsedAt: round }, "privilege");
      }
    });
    requireHonestPositions(copies, await readLogFrom(other, start));
  },
};
