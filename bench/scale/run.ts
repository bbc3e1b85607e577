/** Measures how the cost of each store's methods grows with the number of stored sessions. */
import { writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir, totalmem } from "node:os";
import { closingLine, type MeasurementCommand, readCommandLine } from "../../scripts/measurement-command.ts";
import { fillStore } from "./load.ts";
import type { Measurement } from "./measure.ts";
import { OPERATIONS } from "./operations.ts";
import { NOW, REVOKED_AT, Sessions } from "./sessions.ts";
import { STORES, type StoreKind } from "./stores.ts";
import { type StoreResults, tableOf } from "./table.ts";

/** Minimum number of sessions in a store. A smaller store has too few sessions for `sweep` to delete. */
const MIN_SIZE = 10_000;

const COMMAND: MeasurementCommand = {
  command: "npm run bench:scale",
  description: "Measures how the cost of each store's methods grows with the number of stored sessions.",
  files: ["bench/SCALE.md"],
  options: {
    stores: {
      description: `Stores to measure: ${Object.keys(STORES).join(", ")}.`,
      default: Object.keys(STORES).join(","),
    },
    sizes: {
      description: `Numbers of sessions, each at least ${MIN_SIZE}.`,
      default: "10000,100000",
    },
  },
  environment: {
    TMPDIR: "The folder for the databases. In memory (/dev/shm), fsync costs nothing.",
  },
};

/** Returns the stores and sizes that the command-line options select. */
function readChoices(options: Readonly<Record<string, string>>): { stores: string[]; sizes: number[] } {
  const stores = (options.stores ?? "").split(",");
  const sizes = (options.sizes ?? "").split(",").map(Number);
  const unknown = stores.find((name) => !Object.hasOwn(STORES, name));
  if (unknown !== undefined) {
    throw new TypeError(`--stores: unknown store "${unknown}"; use ${Object.keys(STORES).join(", ")}.`);
  }
  if (!sizes.every((size) => Number.isInteger(size) && size >= MIN_SIZE)) {
    throw new TypeError(`--sizes must be whole numbers of at least ${MIN_SIZE} (got "${options.sizes}").`);
  }
  return { stores, sizes: sizes.toSorted((left, right) => left - right) };
}

/** Fills one store and measures every operation on it. */
async function measureStore(kind: StoreKind, size: number): Promise<Map<string, Measurement>> {
  let time = REVOKED_AT;
  const { store, finishLoading, remove } = await kind.open({ now: () => time });
  try {
    const sessions = new Sessions(size);
    const startedAt = performance.now();
    await fillStore(store, sessions, (to) => {
      time = to === "now" ? NOW : REVOKED_AT;
    });
    await finishLoading();
    console.log(
      `  ${size.toLocaleString("en")} sessions after ${formatSeconds(performance.now() - startedAt)}`,
    );
    const measured = new Map<string, Measurement>();
    for (const operation of OPERATIONS) {
      const measurement = await operation.measure({ store, sessions });
      measured.set(operation.name, measurement);
      const { median, blockingTime, calls } = measurement;
      console.log(
        `    ${operation.name}: ${median.toFixed(1)} ms, event loop blocked for ${blockingTime.toFixed(1)} ms, ${calls} calls`,
      );
    }
    return measured;
  } finally {
    await remove();
  }
}

function formatSeconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)} s`;
}

async function measureAll(stores: readonly string[], sizes: readonly number[]): Promise<StoreResults[]> {
  const results: StoreResults[] = [];
  for (const name of stores) {
    const chosen = STORES[name];
    if (!chosen) continue;
    console.log(chosen.title);
    const kind = await chosen.start();
    const bySize = new Map<number, ReadonlyMap<string, Measurement>>();
    try {
      for (const size of sizes) bySize.set(size, await measureStore(kind, size));
    } finally {
      await kind.stop();
    }
    results.push({ title: chosen.title, bySize });
  }
  return results;
}

function reportOf(table: readonly string[], loadBefore: number): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  return [
    "# Cost by the number of stored sessions",
    "",
    "Each session has 1 KB of data. There are 100 tenants, and subjects with 1 to 5 sessions; 53 % of the sessions are",
    "live, the others have expired or are revoked, one tenant as a whole.",
    "",
    `- Machine: Node ${process.versions.node}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), ${memory} GiB. The load average was ${loadBefore.toFixed(1)} at the start. Data in ${tmpdir()}.`,
    "- Each cell: median / 99th percentile of one call / the longest time for which a call blocked the event loop,",
    "  in milliseconds. With fewer than a hundred calls the second figure is the slowest call. Inserts: sessions per second.",
    "- Bold: above the limit of the row, or the event loop blocked for more than 20 ms. SQLite waits for fsync on the event",
    "  loop; `TMPDIR=/dev/shm` measures without that.",
    "- `list` reads the first page of 50.",
    "",
    "Written by `npm run bench:scale -- --write`.",
    "",
    ...table,
    "",
  ].join("\n");
}

function readChoicesOrExit(options: Readonly<Record<string, string>>) {
  try {
    return readChoices(options);
  } catch (error) {
    console.error(`${(error as Error).message}\nRun ${COMMAND.command} -- --help for usage.`);
    process.exit(2);
  }
}

const { writesFiles, options } = readCommandLine(COMMAND);
const { stores, sizes } = readChoicesOrExit(options);
const loadBefore = loadavg()[0] ?? 0;
const results = await measureAll(stores, sizes);
const report = reportOf(tableOf(results, OPERATIONS, sizes), loadBefore);
console.log(report);
if (writesFiles) writeFileSync(new URL("../SCALE.md", import.meta.url), report);
console.log(closingLine(COMMAND, writesFiles));
