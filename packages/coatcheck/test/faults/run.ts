/**
 * Breaks real processes in every way of `faults.ts`, and measures for how long a revoked session is served. Needs root,
 * for namespaces of its own; changes nothing outside them.
 *
 *   node --conditions=coatcheck-source packages/coatcheck/test/faults/run.ts [part of a fault's name]
 *
 * A whole run writes RESULTS.md, and its worst figures into docs/guarantees.md.
 *
 * Ends with 1 when a revoked session was served beyond the bound under the lease, when a live one was turned away or
 * too many were answered 503, and when the harness itself is blunt: the node without a lease kept the bound too.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { installPrograms } from "../../../../scripts/test-programs/install.ts";
import { FAULT_PROGRAMS, TEST_PROGRAMS } from "../../../../scripts/test-programs/programs.ts";
import { isRoot, requireProgram } from "../servers/machine.ts";
import { faults } from "./faults.ts";
import { BOUND, Lab } from "./lab.ts";
import { enterOwnNetwork, isInside } from "./network.ts";
import { reportOf, withFigures } from "./report.ts";
import { runTrial, type Trial } from "./trial.ts";

if (!isRoot) {
  console.error(
    "The fault harness makes network namespaces, which only root may. Run it as root: sudo npm run test:faults",
  );
  process.exit(1);
}
if (!isInside) {
  installPrograms([TEST_PROGRAMS.redis, ...Object.values(FAULT_PROGRAMS)]);
  requireProgram(FAULT_PROGRAMS.ip);
  requireProgram(FAULT_PROGRAMS.iptables);
  enterOwnNetwork(requireProgram(FAULT_PROGRAMS.unshare));
}

const wanted = process.argv[2] ?? "";
const chosen = faults.filter(({ name }) => name.includes(wanted));
const loadBefore = loadavg()[0] ?? 0;
const lab = await Lab.open();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => void lab.close().finally(() => process.exit(1)));
}

const trials: Trial[] = [];
try {
  for (const fault of chosen) {
    const trial = await runTrial(fault, lab);
    const { leased, unleased } = trial;
    console.log(`${fault.name}: with the lease ${told(leased)}; without ${told(unleased)}`);
    trials.push(trial);
  }
} finally {
  await lab.close();
}

const report = reportOf(trials, loadBefore);
console.log(`\n${report}`);
if (wanted === "") {
  writeFileSync(new URL("RESULTS.md", import.meta.url), report);
  const guarantees = new URL("../../../../docs/guarantees.md", import.meta.url);
  writeFileSync(guarantees, withFigures(readFileSync(guarantees, "utf8"), trials));
}
for (const { fault, leased, unleased } of trials) {
  const loggedOut = leased.loggedOut + unleased.loggedOut;
  if (loggedOut > 0) fail(`${fault.name}: ${loggedOut} requests of live sessions were turned away.`);
  if (leased.beyond > 0)
    fail(`${fault.name}: ${leased.beyond} checks let a revoked session in beyond ${BOUND} ms.`);
  if (leased.liveServed < fault.liveFloor) {
    fail(`${fault.name}: only ${(leased.liveServed * 100).toFixed(1)} % of the live requests were served.`);
  }
}
if (wanted === "" && trials.every(({ unleased }) => unleased.beyond === 0)) {
  fail("The node without a lease kept the bound too: these faults prove nothing.");
}

function told({ worst, beyond, liveServed }: Trial["leased"]): string {
  const staleness = worst === null ? "never served" : `worst ${Math.round(worst)} ms`;
  return `${staleness}, ${beyond} beyond, ${(liveServed * 100).toFixed(1)} % live`;
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}
