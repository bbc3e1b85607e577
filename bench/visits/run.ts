/** Measures the storage of visits: storing events, recomputing daily totals (rollups) and running analytics queries. */
import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { closingLine, type MeasurementCommand, readCommandLine } from "../../scripts/measurement-command.ts";
import { DATABASES } from "./databases.ts";
import { type DatabaseResults, measureDatabase } from "./measure.ts";
import { reportOf } from "./report.ts";
import { measureTracking } from "./tracking.ts";

const MIN_VISITS = 1000;

const COMMAND: MeasurementCommand = {
  command: "npm run bench:visits",
  description: "Measures how fast visits are stored, rolled up and asked about.",
  files: ["bench/VISITS.md"],
  options: {
    visits: {
      description: `Number of visits over 90 days, at least ${MIN_VISITS}; 1500000 make 10 million events.`,
      default: "1500000",
    },
    databases: {
      description: `Databases to measure: ${Object.keys(DATABASES).join(", ")}.`,
      default: Object.keys(DATABASES).join(","),
    },
  },
  environment: {
    TMPDIR: "The folder for the databases: about 8 GB for 10 million events.",
  },
};

/** Returns the number of visits and the databases that the command-line options select. */
function readChoices(options: Readonly<Record<string, string>>): { visits: number; databases: string[] } {
  const visits = Number(options.visits);
  if (!Number.isInteger(visits) || visits < MIN_VISITS) {
    throw new TypeError(
      `--visits must be a whole number of at least ${MIN_VISITS} (got "${options.visits}").`,
    );
  }
  const databases = (options.databases ?? "").split(",");
  const unknown = databases.find((name) => !Object.hasOwn(DATABASES, name));
  if (unknown !== undefined) {
    throw new TypeError(
      `--databases: unknown database "${unknown}"; use ${Object.keys(DATABASES).join(", ")}.`,
    );
  }
  return { visits, databases };
}

function choicesOrExit(options: Readonly<Record<string, string>>) {
  try {
    return readChoices(options);
  } catch (error) {
    console.error(`${(error as Error).message}\nRun ${COMMAND.command} -- --help for usage.`);
    process.exit(2);
  }
}

const { writesFiles, options } = readCommandLine(COMMAND);
const { visits, databases } = choicesOrExit(options);
const loadBefore = loadavg()[0] ?? 0;
console.error("Request path");
const trackingCost = await measureTracking();
const results: DatabaseResults[] = [];
for (const name of databases) {
  const chosen = DATABASES[name];
  if (!chosen) continue;
  console.error(chosen.title);
  const kind = await chosen.start();
  try {
    results.push(await measureDatabase(chosen.title, kind, visits));
  } finally {
    await kind.stop();
  }
}
const report = reportOf({ tracking: trackingCost, results, visits, loadBefore });
console.log(report);
if (writesFiles) writeFileSync(new URL("../VISITS.md", import.meta.url), report);
console.log(closingLine(COMMAND, writesFiles));
