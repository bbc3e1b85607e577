/** Measures one database: how fast it stores events, recomputes daily totals (rollups) and runs analytics queries. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { DatabaseKind, VisitDatabase } from "./databases.ts";
import { BATCH_SIZE, firstItems, type LoadResult, storeEvents } from "./load.ts";
import { type QuestionResult, runQuery, timedQuestions } from "./questions.ts";
import { DAY, eventsOf, TRAFFIC_END, VISITS_PER_MILLION_EVENTS } from "./traffic.ts";

/** Number of events that are stored one by one, to compare with `BATCHED_EVENT_COUNT` in batches. */
const SINGLE_EVENT_COUNT = 2000;
const BATCHED_EVENT_COUNT = 50_000;
/** Number of days of generated traffic. */
const TRAFFIC_DAYS = 90;
/** Number of events in the day whose rollup is measured. */
const MEASURED_DAY_EVENT_COUNT = 500_000;

/** The results of one database. */
export interface DatabaseResults {
  readonly title: string;
  readonly loads: readonly { readonly name: string; readonly load: LoadResult }[];
  readonly bytes: number;
  /** How long recomputing the rollups of all days takes, in milliseconds. Measured once all events are stored. */
  readonly recomputeAllTime: number;
  readonly day: DayResults;
  readonly answers: readonly QuestionResult[];
}

/** The time for recomputing the rollup of one day. */
export interface DayResults {
  readonly events: number;
  /** Milliseconds. */
  readonly time: number;
  /** The longest time for which the recomputation blocked the event loop, in milliseconds. */
  readonly blockingTime: number;
}

/** Runs all measurements on one database. */
export async function measureDatabase(
  title: string,
  kind: DatabaseKind,
  visits: number,
): Promise<DatabaseResults> {
  const loads = await compareLoads(kind);
  const day = await measureDay(kind, visits);
  console.error("  all events");
  const database = await kind.open();
  try {
    const total = (visits / VISITS_PER_MILLION_EVENTS) * 1_000_000;
    const whole = await storeEvents(
      eventsOf({ visits, days: TRAFFIC_DAYS }),
      (events) => database.sink.write({ events, counts: [] }),
      { step: "stored", total },
    );
    loads.push({ name: `all events, with facts, ${BATCH_SIZE} a write`, load: whole });
    const startedAt = performance.now();
    await recomputeAll(database);
    const recomputeAllTime = performance.now() - startedAt;
    await database.finishLoading();
    const answers: QuestionResult[] = [];
    for (const question of timedQuestions(
      { from: dayOf(TRAFFIC_END - TRAFFIC_DAYS * DAY), to: dayOf(TRAFFIC_END - DAY) },
      visits,
    )) {
      const answered = await runQuery(question, database.questions);
      console.error(
        `    ${answered.name}: ${answered.median.toFixed(0)} ms${answered.isRefused ? ", refused" : ""}`,
      );
      answers.push(answered);
    }
    return { title, loads, bytes: await database.size(), recomputeAllTime, day, answers };
  } finally {
    await database.remove();
  }
}

async function compareLoads(kind: DatabaseKind): Promise<{ name: string; load: LoadResult }[]> {
  const traffic = () => firstItems(eventsOf({ visits: BATCHED_EVENT_COUNT, days: 1 }), BATCHED_EVENT_COUNT);
  const loads: { name: string; load: LoadResult }[] = [];
  for (const [size, count] of [
    [1, SINGLE_EVENT_COUNT],
    [BATCH_SIZE, BATCHED_EVENT_COUNT],
  ] as const) {
    const each = size === 1 ? "one event a write" : `${size} events a write`;
    console.error(`  ${each}`);
    const plain = await kind.openPlain();
    loads.push({
      name: `without facts, ${each}`,
      load: await storeEvents(firstItems(traffic(), count), plain.insert, { size }),
    });
    await plain.remove();
    const { sink, remove } = await kind.open();
    const write = (events: Parameters<typeof plain.insert>[0]) => sink.write({ events, counts: [] });
    loads.push({
      name: `with facts, ${each}`,
      load: await storeEvents(firstItems(traffic(), count), write, { size }),
    });
    await remove();
  }
  return loads;
}

/** Measures the rollup of a day with 500,000 events, or with all generated events if those are fewer. */
async function measureDay(kind: DatabaseKind, allVisits: number): Promise<DayResults> {
  console.error("  one day");
  const visits = Math.min(allVisits, (MEASURED_DAY_EVENT_COUNT / 1_000_000) * VISITS_PER_MILLION_EVENTS);
  const database = await kind.open();
  try {
    const { events } = await storeEvents(
      eventsOf({ visits, days: 1 }),
      (batch) => database.sink.write({ events: batch, counts: [] }),
      { step: "stored", total: MEASURED_DAY_EVENT_COUNT },
    );
    await database.finishLoading();
    const probe = monitorEventLoopDelay({ resolution: 1 });
    probe.enable();
    const startedAt = performance.now();
    await recomputeAll(database);
    const time = performance.now() - startedAt;
    probe.disable();
    return { events, time, blockingTime: probe.max / 1e6 };
  } finally {
    await database.remove();
  }
}

async function recomputeAll({ sink }: VisitDatabase): Promise<void> {
  const limit = 10;
  while ((await sink.recompute(limit)) >= limit);
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
