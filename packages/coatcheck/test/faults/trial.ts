import { setTimeout as pause } from "node:timers/promises";
import type { Fault } from "./faults.ts";
import { BOUND, type Lab } from "./lab.ts";
import type { NodeProcess } from "./node-process.ts";
import { machineTime, type Probe } from "./protocol.ts";

/** What a node that serves did during a trial. */
export interface Conduct {
  /** Milliseconds after `revoke()` had resolved at which a check began that still let the session in; null: none did. */
  readonly worst: number | null;
  /** Checks that let a revoked session in, begun later than the bound after `revoke()` had resolved. */
  readonly beyond: number;
  /** Checks of revoked sessions. */
  readonly probes: number;
  /** Of the live sessions' requests, 0 to 1. */
  readonly liveServed: number;
  /** Milliseconds from the first request of a live session that was answered 503 to the last. */
  readonly away: number;
  /** Requests of live sessions that were turned away as if they were not: there must be none. */
  readonly loggedOut: number;
}

export interface Trial {
  readonly fault: Fault;
  readonly leased: Conduct;
  readonly unleased: Conduct;
  readonly revocations: number;
}

const LIVE_SESSIONS = 100;
/** Milliseconds between revocations. */
const REVOKE_EVERY = 100;
/** Milliseconds between rounds of probes. */
const PROBE_EVERY = 25;
const LIVE_PER_ROUND = 8;
/** A session is probed in every round while its revocation is younger, in milliseconds, and in each tenth after that. */
const RECENT = 1.5 * BOUND;
/** Milliseconds before the fault begins. */
const PEACE = 2000;

interface Victim {
  readonly id: string;
  readonly token: string;
  revokedAt: number | null;
}

/** Revokes a session every tenth of a second while a fault comes and goes, and asks both serving nodes all the while. */
export async function runTrial(fault: Fault, lab: Lab): Promise<Trial> {
  await lab.startNodes();
  try {
    const live = (await lab.revoker.ask("create", LIVE_SESSIONS)).map(({ token }) => token);
    const count = Math.ceil((fault.trial * 1000) / REVOKE_EVERY);
    const victims = (await lab.revoker.ask("create", count)).map(
      (each): Victim => ({ ...each, revokedAt: null }),
    );
    const [leased, unleased] = [new Watch(lab.leased, live, victims), new Watch(lab.unleased, live, victims)];
    await Promise.all([leased.warm(), unleased.warm()]);

    const endsAt = machineTime() + fault.trial * 1000;
    const [revocations] = await Promise.all([
      revokeUntil(endsAt, lab.revoker, victims),
      leased.probeUntil(endsAt),
      unleased.probeUntil(endsAt),
      strike(fault, lab),
    ]);
    return { fault, leased: leased.conduct(), unleased: unleased.conduct(), revocations };
  } finally {
    await lab.stopNodes();
  }
}

async function strike(fault: Fault, lab: Lab): Promise<void> {
  await pause(PEACE);
  const endsAt = machineTime() + Math.min(fault.lasts * 1000, fault.trial * 1000 - PEACE);
  await fault.begin(lab);
  await pause(Math.max(0, endsAt - machineTime()));
  await fault.end(lab);
}

async function revokeUntil(
  endsAt: number,
  revoker: NodeProcess,
  victims: readonly Victim[],
): Promise<number> {
  const calls: Promise<void>[] = [];
  for (const victim of victims) {
    if (machineTime() >= endsAt) break;
    const call = revoker.ask("revoke", victim.id).then((resolvedAt) => {
      victim.revokedAt = resolvedAt;
    });
    // A revocation that fails is one that nobody was promised.
    calls.push(call.catch(() => {}));
    await pause(REVOKE_EVERY);
  }
  await Promise.all(calls);
  return victims.filter(({ revokedAt }) => revokedAt !== null).length;
}

/** Asks one node about live and revoked sessions. */
class Watch {
  readonly #node: NodeProcess;
  readonly #live: readonly string[];
  readonly #victims: readonly Victim[];
  readonly #answers: Promise<void>[] = [];
  #worst: number | null = null;
  #beyond = 0;
  #probes = 0;
  #liveAsked = 0;
  #liveServed = 0;
  #loggedOut = 0;
  #away = { from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY };

  constructor(node: NodeProcess, live: readonly string[], victims: readonly Victim[]) {
    this.#node = node;
    this.#live = live;
    this.#victims = victims;
  }

  /** Lets the node hold a copy of each session. */
  async warm(): Promise<void> {
    const tokens = [...this.#live, ...this.#victims.map(({ token }) => token)];
    const probes = await Promise.all(tokens.map((token) => this.#node.ask("probe", token)));
    if (probes.some(({ outcome }) => outcome !== "served")) throw new Error("A live session was not served.");
  }

  async probeUntil(endsAt: number): Promise<void> {
    for (let round = 0; machineTime() < endsAt; round++) {
      for (let number = 0; number < LIVE_PER_ROUND; number++) this.#probeLive();
      const now = machineTime();
      for (const { token, revokedAt } of this.#victims) {
        if (revokedAt === null) continue;
        if (now - revokedAt < RECENT || round % 10 === 0) this.#probeRevoked(token, revokedAt);
      }
      await pause(PROBE_EVERY);
    }
    const answers = await Promise.allSettled(this.#answers);
    const lost = answers.filter(({ status }) => status === "rejected").length;
    if (lost > 0) throw new Error(`${lost} checks were never answered.`);
  }

  conduct(): Conduct {
    return {
      worst: this.#worst,
      beyond: this.#beyond,
      probes: this.#probes,
      liveServed: this.#liveServed / this.#liveAsked,
      away: Math.max(0, this.#away.to - this.#away.from),
      loggedOut: this.#loggedOut,
    };
  }

  #probeLive(): void {
    const token = this.#live[this.#liveAsked % this.#live.length] ?? "";
    this.#liveAsked++;
    this.#probe(token, ({ outcome, startedAt }) => {
      if (outcome === "served") this.#liveServed++;
      else if (outcome === "refused") this.#loggedOut++;
      else {
        const { from, to } = this.#away;
        this.#away = { from: Math.min(from, startedAt), to: Math.max(to, startedAt) };
      }
    });
  }

  #probeRevoked(token: string, revokedAt: number): void {
    this.#probes++;
    this.#probe(token, ({ outcome, startedAt }) => {
      if (outcome !== "served") return;
      const staleness = startedAt - revokedAt;
      this.#worst = Math.max(this.#worst ?? 0, staleness);
      if (staleness > BOUND) this.#beyond++;
    });
  }

  #probe(token: string, judge: (probe: Probe) => void): void {
    const answer = this.#node.ask("probe", token).then(judge);
    // Looked at in the end; meanwhile it must not count as one that nobody handles.
    answer.catch(() => {});
    this.#answers.push(answer);
  }
}
