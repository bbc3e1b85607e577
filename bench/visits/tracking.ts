/** Measures the CPU time that visit tracking adds to a page view, compared with the same site without tracking. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** V8 compiles the last functions after a quarter of a million pages. */
const WARM_UP_PAGES = 300_000;
const PAGES_PER_ROUND = 5000;
const ROUNDS = 200;

/** CPU time of a page view, in microseconds. */
export interface TrackingCost {
  readonly timeWithoutVisits: number;
  readonly timeWithVisits: number;
  readonly rounds: number;
  readonly pages: number;
}

/** Measures both sites in alternating rounds, each site in its own process. Returns the fast tenths. */
export async function measureTracking(): Promise<TrackingCost> {
  const [without, tracked] = await Promise.all([startSite("without"), startSite("with")]);
  const costs = { without: [] as number[], with: [] as number[] };
  try {
    for (const site of [without, tracked]) await cpuTimeOf(site, WARM_UP_PAGES);
    for (let round = 0; round < ROUNDS; round++) {
      costs.without.push(await cpuTimeOf(without, PAGES_PER_ROUND));
      costs.with.push(await cpuTimeOf(tracked, PAGES_PER_ROUND));
    }
  } finally {
    without.disconnect();
    tracked.disconnect();
  }
  return {
    timeWithoutVisits: fastTenthOf(costs.without),
    timeWithVisits: fastTenthOf(costs.with),
    rounds: ROUNDS,
    pages: PAGES_PER_ROUND,
  };
}

async function startSite(kind: "with" | "without"): Promise<ChildProcess> {
  const site = fork(new URL("tracking-process.ts", import.meta.url), [kind]);
  site.once("exit", (code) => {
    if (code) throw new Error(`The server ${kind} visit tracking exited with code ${code}.`);
  });
  await once(site, "message");
  return site;
}

async function cpuTimeOf(site: ChildProcess, pages: number): Promise<number> {
  const reply = once(site, "message");
  site.send(pages);
  const [cost] = await reply;
  return cost;
}

/** Returns the value that a tenth of the values are below. Other programs on the machine hardly change it. */
function fastTenthOf(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 10)] ?? Number.NaN;
}

if (import.meta.main) console.log(await measureTracking());
