/**
 * Injects every fault of `faults.ts` into real processes, and measures for how long a revoked session is served. Needs
 * root, because it creates network namespaces. It changes nothing outside these namespaces.
 *
 * Exits with 1 in four cases. In the first three, the node with the lease served a revoked session beyond the bound, a
 * live session was rejected, or too many requests got a 503 response. In the fourth, even the node without the lease
 * kept the bound, so the faults prove nothing.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { root } from "../../../../scripts/documents.ts";
import {
  closingLine,
  type MeasurementCommand,
  readCommandLine,
} from "../../../../scripts/measurement-command.ts";
import { installPrograms } from "../../../../scripts/test-programs/install.ts";
import { FAULT_PROGRAMS, TEST_PROGRAMS } from "../../../../scripts/test-programs/programs.ts";
import { isRoot, requireProgram } from "../servers/machine.ts";
import { faults } from "./faults.ts";
import { FaultEnvironment, STALENESS_BOUND } from "./fixtures.ts";
import { enterOwnNetwork, isInNamespace } from "./network.ts";
import { formatReport, replaceMeasurements } from "./report.ts";
import { runTrial, type Trial } from "./trial.ts";

const RESULTS_FILE = "packages/coatcheck/test/faults/RESULTS.md";
const GUARANTEES_FILE = "docs/guarantees.md";
const COMMAND: MeasurementCommand = {
  command: "npm run test:faults",
  description:
    "Injects faults into real processes and measures for how long a revoked session is served. Needs root.",
  files: [RESULTS_FILE, GUARANTEES_FILE],
  argument: { name: "name", description: "Inject only the faults whose name contains this text." },
};

const { argument: nameFilter, writesFiles } = readCommandLine(COMMAND);
if (nameFilter !== null && writesFiles) {
  console.error("--write needs the results of all faults: run it without a name.");
  process.exit(2);
}
const chosenFaults = faults.filter(({ name }) => name.includes(nameFilter ?? ""));
if (chosenFaults.length === 0) {
  console.error(
    `No fault name contains "${nameFilter}". Names: ${faults.map(({ name }) => name).join("; ")}.`,
  );
  process.exit(2);
}
if (!isRoot) {
  console.error("The fault harness needs root to create network namespaces. Run: sudo npm run test:faults");
  process.exit(1);
}
if (!isInNamespace) {
  installPrograms([TEST_PROGRAMS.redis, TEST_PROGRAMS.postgres, ...Object.values(FAULT_PROGRAMS)]);
  requireProgram(FAULT_PROGRAMS.ip);
  requireProgram(FAULT_PROGRAMS.iptables);
  enterOwnNetwork(requireProgram(FAULT_PROGRAMS.unshare));
}

const loadBefore = loadavg()[0] ?? 0;
const environment = await FaultEnvironment.open();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => void environment.close().finally(() => process.exit(1)));
}

const trials: Trial[] = [];
try {
  for (const fault of chosenFaults) {
    const trial = await runTrial(fault, environment);
    const { withLease, withoutLease } = trial;
    console.log(
      `${fault.name}: with the lease ${formatSummary(withLease)}; without it ${formatSummary(withoutLease)}`,
    );
    trials.push(trial);
  }
} finally {
  await environment.close();
}

const report = formatReport(trials, loadBefore);
console.log(`\n${report}`);
if (writesFiles) {
  writeFileSync(join(root, RESULTS_FILE), report);
  const guarantees = join(root, GUARANTEES_FILE);
  writeFileSync(guarantees, replaceMeasurements(readFileSync(guarantees, "utf8"), trials));
}
for (const { fault, withLease: leased, withoutLease: unleased } of trials) {
  const loggedOut = leased.loggedOut + unleased.loggedOut;
  if (loggedOut > 0)
    reportFailure(`${fault.name}: ${loggedOut} requests of live sessions were rejected as logged out.`);
  if (leased.beyondBound > 0)
    reportFailure(
      `${fault.name}: ${leased.beyondBound} checks accepted a revoked session later than ${STALENESS_BOUND} ms after its revocation.`,
    );
  if (leased.liveServedShare < fault.minimumLiveShare) {
    reportFailure(
      `${fault.name}: only ${(leased.liveServedShare * 100).toFixed(1)} % of the live requests were served.`,
    );
  }
}
if (nameFilter === null && trials.every(({ withoutLease }) => withoutLease.beyondBound === 0)) {
  reportFailure("The node without the lease kept the bound too, so these faults prove nothing.");
}
console.log(closingLine(COMMAND, writesFiles));

function formatSummary({ worstStaleness, beyondBound, liveServedShare }: Trial["withLease"]): string {
  const staleness = worstStaleness === null ? "never served" : `worst ${Math.round(worstStaleness)} ms`;
  return `${staleness}, ${beyondBound} beyond, ${(liveServedShare * 100).toFixed(1)} % live`;
}

function reportFailure(message: string): void {
  console.error(message);
  process.exitCode = 1;
}
