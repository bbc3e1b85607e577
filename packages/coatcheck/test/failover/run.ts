/**
 * `npm run test:failover`: measures how long each kind of failover interrupts an application that receives 200 requests
 * per second, and which writes and logouts it loses.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { root } from "../../../../scripts/documents.ts";
import {
  closingLine,
  type MeasurementCommand,
  readCommandLine,
} from "../../../../scripts/measurement-command.ts";
import type { LoadReport } from "./load.ts";
import { type FailoverTrial, TRIALS } from "./trials.ts";

const RESULTS_FILE = "packages/coatcheck/test/failover/RESULTS.md";
const COMMAND: MeasurementCommand = {
  command: "npm run test:failover",
  description: "Fails servers over under 200 requests per second and counts what is lost.",
  files: [RESULTS_FILE],
  argument: { name: "name", description: "Run only the trials whose name contains this text." },
};

const { writesFiles, argument } = readCommandLine(COMMAND);
const chosenTrials = TRIALS.filter(({ name }) => name.includes(argument ?? ""));
const rows: string[] = [];
for (const trial of chosenTrials) {
  const row = formatRow(trial, await runTrial(trial));
  console.log(row);
  rows.push(row);
}
if (writesFiles) writeFileSync(join(root, RESULTS_FILE), formatResults(rows));
console.log(closingLine(COMMAND, writesFiles));

/** Runs a trial as often as `runs` says, one run after the other. Returns the report of each run. */
async function runTrial({ runs, run }: FailoverTrial): Promise<LoadReport[]> {
  const reports: LoadReport[] = [];
  for (let each = 0; each < runs; each++) {
    const cleanUps: (() => Promise<void>)[] = [];
    try {
      reports.push(await run((cleanUp) => cleanUps.push(cleanUp)));
    } finally {
      for (const cleanUp of cleanUps.reverse()) await cleanUp();
    }
  }
  return reports;
}

function formatRow({ name, runs }: FailoverTrial, reports: readonly LoadReport[]): string {
  const worst = (member: keyof LoadReport) => Math.max(...reports.map((report) => report[member]));
  const lossless = reports.filter(({ lostWrites, lostLogouts }) => lostWrites + lostLogouts === 0).length;
  const loggedOut = worst("loggedOut");
  if (loggedOut > 0) process.exitCode = 1;
  const outage = `${(worst("outageDuration") / 1000).toFixed(1)} s`;
  return `| ${[name, `${lossless} of ${runs}`, outage, worst("lostWrites"), worst("lostLogouts"), loggedOut].join(" | ")} |`;
}

function formatResults(rows: readonly string[]): string {
  return `# What a failover costs

An application in one Node ${process.versions.node} process receives 200 requests per second: reads, writes, and one logout in twenty
requests. On ${availableParallelism()} cores, load average ${loadavg()[0]?.toFixed(1)} at the end. Written by \`npm run test:failover -- --write\`.

- *nothing lost*: the runs in which every acknowledged write and logout was still there afterwards.
- *503 for*: the time from the first to the last 503 response.
- *lost*: acknowledged and missing afterwards; a lost logout means that the session is active again.
- *logged out*: responses that took a logged-in user for another one or for an anonymous one.

The last four columns are those of the worst run.

| failover | nothing lost | 503 for | lost writes | lost logouts | logged out |
|---|---|---|---|---|---|
${rows.join("\n")}
`;
}
