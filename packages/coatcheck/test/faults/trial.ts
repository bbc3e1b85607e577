import { setTimeout as pause } from "node:timers/promises";
import type { Fault } from "./faults.ts";
import { type FaultEnvironment, STALENESS_BOUND } from "./fixtures.ts";
import type { NodeProcess } from "./node-process.ts";
import { machineTime, type Probe } from "./protocol.ts";

/** Measurements of one serving node during a trial. */
export interface NodeMeasurements {
  /**
   * Longest time from the moment when `revoke()` resolved to the start of a check that still accepted the session, in
   * milliseconds. Null if no check accepted a revoked session.
   */
  readonly worst: number | null;
  /** Number of checks that accepted a revoked session although they started after the staleness bound. */
  readonly beyond: number;
  /** Number of checks of revoked sessions. */
  readonly probes: number;
  /** Share of the live sessions' requests that were served, 0 to 1. */
  readonly liveServed: number;
  /** Time from the first to the last 503 response for a live session, in milliseconds. */
  readonly unavailableFor: number;
  /** Number of live sessions' requests that were rejected as logged out. Must be 0. */
  readonly loggedOut: number;
}

/** The measurements of both serving nodes during one fault. */
export interface Trial {
  readonly fault: Fault;
  readonly leased: NodeMeasurements;
  readonly unleased: NodeMeasurements;
  /** Number of acknowledged revocations. */
  readonly revocations: number;
}

const LIVE_SESSIONS = 100;
/** Milliseconds between revocations. */
const REVOKE_INTERVAL = 100;
/** Milliseconds between rounds of checks. */
const PROBE_INTERVAL = 25;
const LIVE_PER_ROUND = 8;
/**
 * Milliseconds after a revocation in which the session is checked in every round. After that, it is checked in every
 * tenth round.
 */
const RECENT_PERIOD = 1.5 * STALENESS_BOUND;
/** Milliseconds before the fault starts. */
const FAULT_DELAY = 2000;

/** A session to be revoked. */
interface RevocationTarget {
  readonly id: string;
  readonly token: string;
  revokedAt: number | null;
}

/** Runs one trial: revokes a session every 100 ms, injects the fault, and checks both serving nodes throughout. */
export async function runTrial(fault: Fault, environment: FaultEnvironment): Promise<Trial> {
  await environment.startNodes();
  try {
    const live = (await environment.revoker.send("create", LIVE_SESSIONS)).map(({ token }) => token);
    const count = Math.ceil((fault.trial * 1000) / REVOKE_INTERVAL);
    const targets = (await environment.revoker.send("create", count)).map(
      (each): RevocationTarget => ({ ...each, revokedAt: null }),
    );
    const [leased, unleased] = [
      new NodeChecker(environment.leased, live, targets),
      new NodeChecker(environment.unleased, live, targets),
    ];
    await Promise.all([leased.warm(), unleased.warm()]);

    const endsAt = machineTime() + fault.trial * 1000;
    const [revocations] = await Promise.all([
      revokeUntil(endsAt, environment.revoker, targets),
      leased.probeUntil(endsAt),
      unleased.probeUntil(endsAt),
      injectFault(fault, environment),
    ]);
    return { fault, leased: leased.getMeasurements(), unleased: unleased.getMeasurements(), revocations };
  } finally {
    await environment.stopNodes();
  }
}

async function injectFault(fault: Fault, environment: FaultEnvironment): Promise<void> {
  await pause(FAULT_DELAY);
  const endsAt = machineTime() + Math.min(fault.duration * 1000, fault.trial * 1000 - FAULT_DELAY);
  await fault.begin(environment);
  await pause(Math.max(0, endsAt - machineTime()));
  await fault.end(environment);
}

async function revokeUntil(
  endsAt: number,
  revoker: NodeProcess,
  targets: readonly RevocationTarget[],
): Promise<number> {
  const calls: Promise<void>[] = [];
  for (const target of targets) {
    if (machineTime() >= endsAt) break;
    const call = revoker.send("revoke", target.id).then((resolvedAt) => {
      target.revokedAt = resolvedAt;
    });
    // A failed revocation was not acknowledged, so it gives no guarantee to check.
    calls.push(call.catch(() => {}));
    await pause(REVOKE_INTERVAL);
  }
  await Promise.all(calls);
  return targets.filter(({ revokedAt }) => revokedAt !== null).length;
}

/** Checks live and revoked sessions on one node. */
class NodeChecker {
  readonly #node: NodeProcess;
  readonly #live: readonly string[];
  readonly #targets: readonly RevocationTarget[];
  readonly #results: Promise<void>[] = [];
  #worst: number | null = null;
  #beyond = 0;
  #probes = 0;
  #liveProbes = 0;
  #liveServed = 0;
  #loggedOut = 0;
  #unavailable = { from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY };

  constructor(node: NodeProcess, live: readonly string[], targets: readonly RevocationTarget[]) {
    this.#node = node;
    this.#live = live;
    this.#targets = targets;
  }

  /** Makes the node cache every session. */
  async warm(): Promise<void> {
    const tokens = [...this.#live, ...this.#targets.map(({ token }) => token)];
    const probes = await Promise.all(tokens.map((token) => this.#node.send("probe", token)));
    if (probes.some(({ outcome }) => outcome !== "served"))
      throw new Error("A live session was not served before the trial started.");
  }

  async probeUntil(endsAt: number): Promise<void> {
    for (let round = 0; machineTime() < endsAt; round++) {
      for (let number = 0; number < LIVE_PER_ROUND; number++) this.#probeLive();
      const now = machineTime();
      for (const { token, revokedAt } of this.#targets) {
        if (revokedAt === null) continue;
        if (now - revokedAt < RECENT_PERIOD || round % 10 === 0) this.#probeRevoked(token, revokedAt);
      }
      await pause(PROBE_INTERVAL);
    }
    const results = await Promise.allSettled(this.#results);
    const lost = results.filter(({ status }) => status === "rejected").length;
    if (lost > 0) throw new Error(`${lost} checks got no response.`);
  }

  getMeasurements(): NodeMeasurements {
    return {
      worst: this.#worst,
      beyond: this.#beyond,
      probes: this.#probes,
      liveServed: this.#liveServed / this.#liveProbes,
      unavailableFor: Math.max(0, this.#unavailable.to - this.#unavailable.from),
      loggedOut: this.#loggedOut,
    };
  }

  #probeLive(): void {
    const token = this.#live[this.#liveProbes % this.#live.length] ?? "";
    this.#liveProbes++;
    this.#probe(token, ({ outcome, startedAt }) => {
      if (outcome === "served") this.#liveServed++;
      else if (outcome === "refused") this.#loggedOut++;
      else {
        const { from, to } = this.#unavailable;
        this.#unavailable = { from: Math.min(from, startedAt), to: Math.max(to, startedAt) };
      }
    });
  }

  #probeRevoked(token: string, revokedAt: number): void {
    this.#probes++;
    this.#probe(token, ({ outcome, startedAt }) => {
      if (outcome !== "served") return;
      const staleness = startedAt - revokedAt;
      this.#worst = Math.max(this.#worst ?? 0, staleness);
      if (staleness > STALENESS_BOUND) this.#beyond++;
    });
  }

  #probe(token: string, handle: (probe: Probe) => void): void {
    const result = this.#node.send("probe", token).then(handle);
    // probeUntil() handles rejections at the end. Until then they must not be reported as unhandled.
    result.catch(() => {});
    this.#results.push(result);
  }
}
