import { cpus, loadavg } from "node:os";
import { STALENESS_BOUND } from "./fixtures.ts";
import type { NodeMeasurements, Trial } from "./trial.ts";

/** Formats the results as Markdown. */
export function formatReport(trials: readonly Trial[], loadBefore: number): string {
  const sum = (of: (trial: Trial) => number) => trials.reduce((total, trial) => total + of(trial), 0);
  const revocations = sum((trial) => trial.revocations);
  const probes = sum(({ withLease, withoutLease }) => withLease.probes + withoutLease.probes);
  return [
    "# Fault harness results",
    "",
    `The staleness bound is ${STALENESS_BOUND} ms. Three Node ${process.versions.node} processes run in separate network namespaces, on PostgreSQL and Redis. One revokes ten sessions per second. The other two serve requests: one with the lease, one with the lease switched off (same code, no bound).`,
    "",
    "- *worst*: the longest time between the moment when `revoke()` resolved and the start of a check that still accepted the session.",
    "- *beyond*: the number of such checks that started later than the bound.",
    "- *live*: the share of requests with unrevoked sessions that were served. All others got a 503 response; none was logged out.",
    "- *503 for*: the time from the first to the last 503 response.",
    "",
    `${revocations.toLocaleString("en")} revocations and ${probes.toLocaleString("en")} checks of revoked sessions, on ${cpus().length} cores. The load average was ${loadBefore.toFixed(1)} before the run and ${(loadavg()[0] ?? 0).toFixed(1)} after it. Written by \`npm run test:faults -- --write\`.`,
    "",
    "| fault | trial | worst, lease | beyond | live | 503 for | worst, no lease | beyond | live | 503 for |",
    "|---|---|---|---|---|---|---|---|---|---|",
    ...trials.map(formatRow),
    `| all | ${Math.round(sum(({ fault }) => fault.trialDuration))} s | | **${sum(({ withLease }) => withLease.beyondBound)}** | | | | **${sum(({ withoutLease }) => withoutLease.beyondBound)}** | | |`,
    "",
  ].join("\n");
}

function formatRow({ fault, withLease, withoutLease }: Trial): string {
  return `| ${[fault.name, `${fault.trialDuration} s`, ...formatCells(withLease), ...formatCells(withoutLease)].join(" | ")} |`;
}

/** Returns the documentation page `page` with the measurements of these trials in place of the quoted ones. */
export function replaceMeasurements(page: string, trials: readonly Trial[]): string {
  return page.replaceAll(/"([^"]+)", worst (?:never|\d+ ms)/g, (quote, name: string) => {
    const trial = trials.find(({ fault }) => fault.name === name);
    return trial ? `"${name}", worst ${formatWorst(trial.withLease)}` : quote;
  });
}

function formatWorst({ worstStaleness }: NodeMeasurements): string {
  return worstStaleness === null ? "never" : `${Math.round(worstStaleness)} ms`;
}

function formatCells(measurements: NodeMeasurements): string[] {
  const { beyondBound, liveServedShare, unavailableFor } = measurements;
  // Round down, so that 99.97 % is not reported as 100 %.
  const percent = Math.floor(liveServedShare * 1000) / 10;
  const outage = unavailableFor === 0 ? "" : `${(unavailableFor / 1000).toFixed(1)} s`;
  return [formatWorst(measurements), String(beyondBound), `${percent} %`, outage];
}
