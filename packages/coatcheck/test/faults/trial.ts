import { setTimeout as pause } from "node:timers/promises";
import type { Fault } from "./faults.ts";
import { type FaultEnvironment, STALENESS_BOUND } from "./fixtures.ts";
import type { NodeProcess } from "./node-process.ts";
import { machineTime, type Probe } from "./protocol.ts";

/** Measurements of one serving node during a trial. */
export interface NodeMeasurements {
  /**
   * Longest time in milliseconds from the moment when `revoke()` resolved to the start of a check that still accepted
   * the session. Null if no check accepted a revoked session.
   */
  readonly worstStaleness: number | null;
  /** Number of checks that accepted a revoked session although they started after the staleness bound. */
  readonly beyondBound: number;
  /** Number of checks of revoked sessions. */
  readonly probes: number;
  /** Share of the live sessions' requests that were served, 0 to 1. */
  readonly liveServedShare: number;
  /** Time from the first to the last 503 response for a live session, in milliseconds. */
  readonly unavailableFor: number;
  /** Number of live sessions' requests that were rejected as logged out. Must be 0. */
  readonly loggedOut: number;
}

/** The measurements of both serving nodes during one fault. */
export interface Trial {
  readonly fault: Fault;
  readonly withLease: NodeMeasurements;
  readonly withoutLease: NodeMeasurements;
  /** Number of acknowledged revocations. */
  readonly revocations: number;
}

const LIVE_SESSION_COUNT = 100;
/** Milliseconds between revocations. */
const REVOKE_INTERVAL = 100;
/** Milliseconds between rounds of checks. */
const PROBE_INTERVAL = 25;
const LIVE_PROBES_PER_ROUND = 8;
/**
 * Up to this many milliseconds after its revocation, a session is checked in every round. Later, it is checked only in
 * every tenth round.
 */
const RECENT_PERIOD = 1.5 * STALENESS_BOUND;
/** Milliseconds from the start of the trial to the start of the fault. */
const FAULT_DELAY = 2000;

/** A session that the trial revokes. */
interface RevocationTarget {
  readonly id: string;
  readonly token: string;
  revokedAt: number | null;
}

/** Runs one trial: revokes a session every 100 ms, injects the fault, and checks both serving nodes throughout. */
export async function runTrial(fault: Fault, environment: FaultEnvironment): Promise<Trial> {
  await environment.startNodes();
  try {
    const live = (await environment.revokingNode.send("create", LIVE_SESSION_COUNT)).map(
      ({ token }) => token,
    );
    const count = Math.ceil((fault.trialDuration * 1000) / REVOKE_INTERVAL);
    const targets = (await environment.revokingNode.send("create", count)).map(
      (each): RevocationTarget => ({ ...each, revokedAt: null }),
    );
    const [leased, unleased] = [
      new NodeChecker(environment.nodeWithLease, live, targets),
      new NodeChecker(environment.nodeWithoutLease, live, targets),
    ];
    await Promise.all([leased.cacheAllSessions(), unleased.cacheAllSessions()]);

    const endsAt = machineTime() + fault.trialDuration * 1000;
    const [revocations] = await Promise.all([
      revokeUntil(endsAt, environment.revokingNode, targets),
      leased.probeUntil(endsAt),
      unleased.probeUntil(endsAt),
      injectFault(fault, environment),
    ]);
    return {
      fault,
      withLease: leased.getMeasurements(),
      withoutLease: unleased.getMeasurements(),
      revocations,
    };
  } finally {
    await environment.stopNodes();
  }
}

async function injectFault(fault: Fault, environment: FaultEnvironment): Promise<void> {
  await pause(FAULT_DELAY);
  const endsAt =
    machineTime() + Math.min(fault.faultDuration * 1000, fault.trialDuration * 1000 - FAULT_DELAY);
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
  readonly #liveTokens: readonly string[];
  readonly #targets: readonly RevocationTarget[];
  readonly #results: Promise<void>[] = [];
  #worstStaleness: number | null = null;
  #beyondBound = 0;
  #probes = 0;
  #liveProbes = 0;
  #liveServed = 0;
  #loggedOut = 0;
  #unavailable = { from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY };

  constructor(node: NodeProcess, live: readonly string[], targets: readonly RevocationTarget[]) {
    this.#node = node;
    this.#liveTokens = live;
    this.#targets = targets;
  }

  /** Checks every session once, so that the node caches it. */
  async cacheAllSessions(): Promise<void> {
    const tokens = [...this.#liveTokens, ...this.#targets.map(({ token }) => token)];
    const probes = await Promise.all(tokens.map((token) => this.#node.send("probe", token)));
    if (probes.some(({ outcome }) => outcome !== "served"))
      throw new Error("A live session was not served before the trial started.");
  }

  async probeUntil(endsAt: number): Promise<void> {
    for (let round = 0; machineTime() < endsAt; round++) {
      for (let number = 0; number < LIVE_PROBES_PER_ROUND; number++) this.#probeLive();
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
      worstStaleness: this.#worstStaleness,
      beyondBound: this.#beyondBound,
      probes: this.#probes,
      liveServedShare: this.#liveServed / this.#liveProbes,
      unavailableFor: Math.max(0, this.#unavailable.to - this.#unavailable.from),
      loggedOut: this.#loggedOut,
    };
  }

  #probeLive(): void {
    const token = this.#liveTokens[this.#liveProbes % this.#liveTokens.length] ?? "";
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
      this.#worstStaleness = Math.max(this.#worstStaleness ?? 0, staleness);
      if (staleness > STALENESS_BOUND) this.#beyondBound++;
    });
  }

  #probe(token: string, handle: (probe: Probe) => void): void {
    const result = this.#node.send("probe", token).then(handle);
    // probeUntil() handles all rejections at the end. Without this handler, Node would report them as unhandled before
    // that.
    result.catch(() => {});
    this.#results.push(result);
  }
}
