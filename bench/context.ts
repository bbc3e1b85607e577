/**
 * Measures how long a context needs to read an entity that this process has cached, for a session that is already
 * loaded. Runs in one process and without sockets, because a read takes less time than network noise.
 */
import { type Session, SessionManager } from "coatcheck";
import { createCache } from "coatcheck/cache";
import { type Context, defineContext, loader } from "coatcheck/context";
import { memoryStore } from "coatcheck/store/memory";
import { COOKIE_SECRET, sessionData } from "./servers/workload.ts";

const USER_COUNT = 1000;
const COMPANY_COUNT = 100;
/** Number of sessions that are open at the same time, as in a server with this many concurrent requests. */
const CONCURRENT_SESSIONS = 50;
const ROUNDS = 101;
const WARM_UP_ROUNDS = 50;

const user = loader({
  reference: (session) => session.subject,
  load: (id) => ({ id, name: `User ${id}`, companyId: Number(id) % COMPANY_COUNT }),
});
const company = loader({
  from: { user },
  reference: (_session, { user }) => user?.companyId,
  load: (id: number) => ({ id, name: `Company ${id}` }),
});
type Entities = Context<{ user: typeof user; company: typeof company }>;

/** One kind of read, measured over many sessions: `read` is called once per session. */
interface MeasuredRead {
  readonly name: string;
  /** Runs before the measurement, for a read that follows other reads of the same request. */
  readonly prepare: (session: Session) => Promise<unknown>;
  readonly read: (session: Session) => Promise<unknown>;
}

function measuredReads(context: Entities): readonly MeasuredRead[] {
  const names = new Map(Array.from({ length: USER_COUNT }, (_, id) => [String(id), { id }]));
  const nothing = async () => {};
  return [
    {
      name: "an async function that reads a Map",
      prepare: nothing,
      read: async (session) => names.get(session.subject ?? ""),
    },
    {
      name: "the user, first read of a request",
      prepare: nothing,
      read: (session) => context.of(session).user(),
    },
    {
      name: "the user again",
      prepare: (session) => context.of(session).user(),
      read: (session) => context.of(session).user(),
    },
    {
      name: "the company, which needs the user, after the user",
      prepare: (session) => context.of(session).user(),
      read: (session) => context.of(session).company(),
    },
    {
      name: "the company, which needs the user, first read of a request",
      prepare: nothing,
      read: (session) => context.of(session).company(),
    },
  ];
}

/** Reads once for each token. Returns the CPU time of one read in microseconds. */
async function cpuTimeOf(
  { prepare, read }: MeasuredRead,
  manager: SessionManager,
  tokens: readonly string[],
): Promise<number> {
  let total = 0;
  for (let first = 0; first < tokens.length; first += CONCURRENT_SESSIONS) {
    const sessions: Session[] = [];
    for (const token of tokens.slice(first, first + CONCURRENT_SESSIONS)) {
      const session = await manager.resume(token);
      if (session.refusal !== null) throw new Error(`The session was refused: ${session.refusal}.`);
      await prepare(session);
      sessions.push(session);
    }
    const before = process.cpuUsage();
    for (const session of sessions) {
      if ((await read(session)) == null) throw new Error("The session has no such entity.");
    }
    const { user, system } = process.cpuUsage(before);
    total += user + system;
  }
  return total / tokens.length;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? Number.NaN;
}

/** Measures all reads. Returns the lines of the report's section. */
export async function measureContext(): Promise<string[]> {
  const store = memoryStore();
  const cache = createCache({ store });
  const manager = new SessionManager({ store, cache, secrets: [COOKIE_SECRET] });
  const context: Entities = defineContext({ user, company }, { cache });
  const tokens: string[] = [];
  for (let index = 0; index < USER_COUNT; index++) {
    tokens.push((await manager.create({ subject: String(index), data: sessionData(index) })).token);
  }
  const reads = measuredReads(context).map((read) => ({ read, times: [] as number[] }));
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const { read, times } of round % 2 === 0 ? reads : reads.toReversed()) {
      const time = await cpuTimeOf(read, manager, tokens);
      if (round >= 0) times.push(time);
    }
  }
  await cache.close();
  return [
    `A read of an entity that this process has cached, for a session that is already loaded: CPU time in microseconds, medians of ${ROUNDS} interleaved rounds of ${USER_COUNT.toLocaleString("en")} reads.`,
    "",
    "| read | CPU, µs |",
    "|---|---|",
    ...reads.map(({ read, times }) => `| ${read.name} | ${median(times).toFixed(2)} |`),
  ];
}

if (import.meta.main) console.log((await measureContext()).join("\n"));
