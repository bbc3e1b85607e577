import { cpus, loadavg } from "node:os";
import { BOUND } from "./lab.ts";
import type { Conduct, Trial } from "./trial.ts";

/** What was found, for people; Markdown. */
export function reportOf(trials: readonly Trial[], loadBefore: number): string {
  const sum = (of: (trial: Trial) => number) => trials.reduce((total, trial) => total + of(trial), 0);
  const revocations = sum((trial) => trial.revocations);
  const probes = sum(({ leased, unleased }) => leased.probes + unleased.probes);
  return [
    "# What each fault did",
    "",
    `Bound: ${BOUND} ms. Three Node ${process.versions.node} processes in network namespaces of their own, over PostgreSQL and Redis: one revokes ten sessions a second, two serve, one of them with the lease and one with the lease switched off (same code, no bound). *Worst*: the longest time after \`revoke()\` had resolved at which a check began that still let the session in. *Beyond*: such checks later than the bound. *Live*: requests of sessions that nobody revoked, and how many of them were served; the others were answered 503, from the first to the last of them for as long as *503 for* says; nobody was logged out.`,
    "",
    `${revocations.toLocaleString("en")} revocations, ${probes.toLocaleString("en")} checks of revoked sessions; ${cpus().length} cores, load average ${loadBefore.toFixed(1)} before and ${(loadavg()[0] ?? 0).toFixed(1)} after. Written by \`npm run test:faults\`.`,
    "",
    "| fault | trial | worst, lease | beyond | live | 503 for | worst, no lease | beyond | live | 503 for |",
    "|---|---|---|---|---|---|---|---|---|---|",
    ...trials.map(rowOf),
    `| all | ${Math.round(sum(({ fault }) => fault.trial))} s | | **${sum(({ leased }) => leased.beyond)}** | | | | **${sum(({ unleased }) => unleased.beyond)}** | | |`,
    "",
  ].join("\n");
}

function rowOf({ fault, leased, unleased }: Trial): string {
  return `| ${[fault.name, `${fault.trial} s`, ...cellsOf(leased), ...cellsOf(unleased)].join(" | ")} |`;
}

/** A page of the documentation, with what was seen now in the place of what was seen before. */
export function withFigures(page: string, trials: readonly Trial[]): string {
  return page.replaceAll(/"([^"]+)", worst (?:never|\d+ ms)/g, (before, name: string) => {
    const trial = trials.find(({ fault }) => fault.name === name);
    return trial ? `"${name}", worst ${worstOf(trial.leased)}` : before;
  });
}

function worstOf({ worst }: Conduct): string {
  return worst === null ? "never" : `${Math.round(worst)} ms`;
}

function cellsOf(conduct: Conduct): string[] {
  const { beyond, liveServed, away } = conduct;
  // Rounded down: 99.97 % are not all.
  const percent = Math.floor(liveServed * 1000) / 10;
  const outage = away === 0 ? "" : `${(away / 1000).toFixed(1)} s`;
  return [worstOf(conduct), String(beyond), `${percent} %`, outage];
}
