/** The measured operations, in order. The operations that change the number of sessions come last. */
import type { SessionFilter, SessionRecord, SessionStore } from "coatcheck";
import { putRecords, range } from "./load.ts";
import { type Measurement, measureCalls } from "./measure.ts";
import { EXPIRED_TENANT, NOW, REVOKED_TENANT, type Sessions, SWEEP_BEFORE } from "./sessions.ts";

/** A measured operation: one row per store in the result table. */
export interface Operation {
  readonly name: string;
  /**
   * The largest acceptable median, in milliseconds or as a multiple of the smallest store's median. Absent if there is
   * no limit.
   */
  readonly limit?: { readonly milliseconds: number } | { readonly multiple: number };
  /**
   * The number of sessions per call. If set, the table contains sessions per second instead of the duration of a call.
   */
  readonly sessionsPerCall?: number;
  readonly measure: (subject: FilledStore) => Promise<Measurement>;
}

/** A store that contains all sessions. */
export interface FilledStore {
  readonly store: SessionStore;
  readonly sessions: Sessions;
}

const SESSIONS_PER_BATCH = 1000;
const SWEPT_SESSION_COUNT = 3500;
const CONCURRENT_INSERTS = 2000;
const INSERT_ROUNDS = 5;
const SWEEP_ROUNDS = 3;
const PAGE_SIZE = 50;

function listOperation(name: string, filterOf: (sessions: Sessions) => SessionFilter): Operation {
  return {
    name: `list(${name})`,
    limit: { milliseconds: 10 },
    measure: ({ store, sessions }) => {
      const filter = filterOf(sessions);
      return measureCalls(() => store.list(filter, { limit: PAGE_SIZE }), { rounds: 100 });
    },
  };
}

/** Returns `count` different subjects that each have a live session. */
function subjectsWithSessions(sessions: Sessions, count: number): string[] {
  const found = new Set<string>();
  for (let index = 0; found.size < count; index = (index + 97) % sessions.size) {
    const subject = sessions.subjectOf(index);
    if (subject !== null && isTouchable(sessions, index)) found.add(subject);
  }
  return [...found];
}

function isTouchable(sessions: Sessions, index: number): boolean {
  return sessions.kindOf(index) === "live" && sessions.tenantOf(index) !== REVOKED_TENANT;
}

/** Returns the ids of live sessions, spread over the whole store. */
function liveSessionIds(sessions: Sessions, count: number, start: number): string[] {
  const step = Math.max(1, Math.floor(sessions.size / (count * 3)));
  const ids: string[] = [];
  for (let index = start; ids.length < count; index += step) {
    const at = index % sessions.size;
    if (isTouchable(sessions, at)) ids.push(sessions.idOf(at));
  }
  return ids;
}

/** Returns records that have already expired. They replace the sessions that `sweep` deleted in the round before. */
function createExpiredSessions(sessions: Sessions, count: number, first: number): SessionRecord[] {
  const old = NOW - 3 * 24 * 3_600_000;
  return range(first, first + count).map((index) => ({
    ...sessions.recordOf(index),
    createdAt: old,
    lastSeenAt: old,
    idleTimeout: 60_000,
  }));
}

async function measureRevoke({ store, sessions }: FilledStore): Promise<Measurement> {
  const subjects = subjectsWithSessions(sessions, 50);
  return await measureCalls((round) => store.revoke({ subject: subjects[round] ?? "" }, "logout"), {
    rounds: subjects.length,
  });
}

async function measureTouch({ store, sessions }: FilledStore): Promise<Measurement> {
  let touches: { id: string; lastSeenAt: number }[] = [];
  return await measureCalls(() => store.touch(touches), {
    rounds: 20,
    prepare(round) {
      const lastSeenAt = NOW + (round + 1) * 1000;
      touches = liveSessionIds(sessions, SESSIONS_PER_BATCH, round * 31).map((id) => ({ id, lastSeenAt }));
    },
  });
}

async function measureInserts({ store, sessions }: FilledStore): Promise<Measurement> {
  let records: SessionRecord[] = [];
  return await measureCalls(() => putRecords(store, records), {
    rounds: INSERT_ROUNDS,
    prepare(round) {
      const first = sessions.size + round * CONCURRENT_INSERTS;
      records = range(first, first + CONCURRENT_INSERTS).map((index) => sessions.recordOf(index));
    },
  });
}

/** @param offset first number of the replacement sessions, beyond the numbers that other operations use. */
async function measureSweep(
  { store, sessions }: FilledStore,
  limit: number,
  offset: number,
): Promise<Measurement> {
  return await measureCalls(
    async () => {
      const deleted = await store.sweep(SWEEP_BEFORE, limit);
      if (deleted !== limit) throw new Error(`sweep deleted ${deleted} sessions instead of ${limit}.`);
    },
    {
      rounds: SWEEP_ROUNDS,
      prepare: (round) => {
        const first = sessions.size + INSERT_ROUNDS * CONCURRENT_INSERTS + offset + round * limit;
        return putRecords(store, createExpiredSessions(sessions, limit, first));
      },
    },
  );
}

export const OPERATIONS: readonly Operation[] = [
  {
    name: "stats()",
    limit: { milliseconds: 20 },
    measure: ({ store }) => measureCalls(() => store.stats(NOW), { rounds: 30 }),
  },
  listOperation("{}", () => ({})),
  listOperation("{ tenant, liveAt }", () => ({ tenant: "tenant-7", liveAt: NOW })),
  listOperation("{ tenant, liveAt }, none live", () => ({ tenant: EXPIRED_TENANT, liveAt: NOW })),
  listOperation("{ subject }", (sessions) => ({ subject: subjectsWithSessions(sessions, 60).at(-1) ?? "" })),
  listOperation("{ owner }", () => ({ owner: "consumer:tenant-7" })),
  listOperation("{ state: revoked }", () => ({ state: "revoked" })),
  listOperation("{ type, liveAt }", () => ({ type: "anonymous", liveAt: NOW })),
  { name: "revoke({ subject })", limit: { multiple: 2 }, measure: measureRevoke },
  { name: `touch() of ${SESSIONS_PER_BATCH.toLocaleString("en")}`, measure: measureTouch },
  {
    name: `inserts, ${CONCURRENT_INSERTS.toLocaleString("en")} at once`,
    sessionsPerCall: CONCURRENT_INSERTS,
    measure: measureInserts,
  },
  {
    name: `sweep() of ${SESSIONS_PER_BATCH.toLocaleString("en")}`,
    measure: (subject) => measureSweep(subject, SESSIONS_PER_BATCH, 0),
  },
  {
    name: `sweep() of ${SWEPT_SESSION_COUNT.toLocaleString("en")}`,
    measure: (subject) => measureSweep(subject, SWEPT_SESSION_COUNT, SWEEP_ROUNDS * SESSIONS_PER_BATCH),
  },
];
