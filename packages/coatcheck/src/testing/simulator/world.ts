import type { Tier } from "../../session/reader.ts";
import type { SessionRecord } from "../../session/record.ts";
import { Agenda } from "./agenda.ts";
import { type NodeTime, SimulatedNode, type Subject } from "./node.ts";
import { RECORDS, SCOPES } from "./records.ts";
import type { Scenario, Step } from "./scenario.ts";
import { SimulatedShared } from "./shared.ts";
import { SimulatedStore } from "./store.ts";

/** What a core under test is to be made with. */
export interface SubjectOptions {
  readonly bound: number;
  /** How many log marks of each kind it is to keep. */
  readonly marks: number;
  readonly time: NodeTime;
}

/** Makes the core under test for one process. */
export type MakeSubject = (options: SubjectOptions) => Subject;

/** How one run went. */
export interface Outcome {
  /** Checks that were answered with a session, by tier. */
  readonly accepted: Readonly<Record<Tier, number>>;
  /** Milliseconds of true time between an invalidation and the latest check that still got the old copy. */
  readonly worstStaleness: number;
  /** What broke a promise, in words; empty when all was well. */
  readonly violations: readonly string[];
}

/** Few, so that they are trimmed all the time. */
const MARKS = 2;
const PROBE_EVERY = 60;
/** A clock that is half a percent slow makes the bound as much longer. */
const SLOWEST_CLOCK = 0.995;

/** One scenario being played. The world alone knows true time, and judges every answer by it. */
export class World {
  readonly agenda = new Agenda();
  readonly store = new SimulatedStore(this.agenda, RECORDS);
  readonly shared = new SimulatedShared(this.agenda);
  readonly bound: number;
  readonly #makeSubject: MakeSubject;
  readonly #delays: readonly number[];
  readonly #nodes: SimulatedNode[];
  readonly #acknowledged = new Map<SimulatedNode, Map<string, { version: number; at: number }>>();
  readonly #accepted = { local: 0, shared: 0, store: 0 };
  readonly #violations: string[] = [];
  #messages = 0;
  #worst = 0;

  constructor(scenario: Scenario, makeSubject: MakeSubject, bound: number) {
    this.bound = bound;
    this.#makeSubject = makeSubject;
    this.#delays = scenario.delays;
    this.#nodes = scenario.nodes.map((trait) => new SimulatedNode(this, trait));
  }

  /** Plays the steps with probes of every session on every node in between, and some time after the last. */
  play(steps: Scenario["steps"]): Outcome {
    this.#probe();
    for (const { wait, step } of steps) {
      this.agenda.runUntil(this.agenda.now + wait);
      this.#take(step);
    }
    this.agenda.runUntil(this.agenda.now + 3 * this.bound);
    return { accepted: this.#accepted, worstStaleness: this.#worst, violations: this.#violations };
  }

  makeSubject(time: NodeTime): Subject {
    return this.#makeSubject({ bound: this.bound, marks: MARKS, time });
  }

  /** How long the next message takes; -1: it is lost. */
  delay(): number {
    return this.#delays[this.#messages++ % this.#delays.length] ?? 0;
  }

  commitDelay(): number {
    return Math.max(0, this.delay());
  }

  /** A hint to everybody else: late, or lost, like any message. */
  hint(from: SimulatedNode, act: (node: SimulatedNode) => void): void {
    for (const node of this.#nodes) {
      const delay = this.delay();
      if (node === from || delay < 0 || !from.reaches("shared") || !node.reaches("shared")) continue;
      node.receive(delay, () => act(node));
    }
  }

  /** A process has heard that its own revocation is durable: from now on it must know better itself. */
  acknowledged(node: SimulatedNode, id: string, version: number): void {
    const own = this.#acknowledged.get(node) ?? new Map<string, { version: number; at: number }>();
    this.#acknowledged.set(node, own.set(id, { version, at: this.agenda.now }));
  }

  accepted(node: SimulatedNode, tier: Tier, { id, version }: SessionRecord, startedAt: number): void {
    this.#accepted[tier]++;
    const staleness = this.store.staleness(id, version, startedAt);
    this.#worst = Math.max(this.#worst, staleness);
    if (staleness > this.bound / SLOWEST_CLOCK) {
      this.#violations.push(`${tier} answered ${Math.round(staleness)} ms after the copy was invalid`);
    }
    const own = this.#acknowledged.get(node)?.get(id);
    if (own !== undefined && startedAt > own.at && version < own.version) {
      this.#violations.push(`${tier} answered with a copy that the same process had revoked`);
    }
  }

  #probe(): void {
    for (const node of this.#nodes) for (const { id } of RECORDS) node.check(id);
    this.agenda.after(PROBE_EVERY, () => this.#probe());
  }

  #take(step: Step): void {
    if (step.kind === "lose-tail") {
      this.shared.loseTail(step.span);
      return;
    }
    const node = pick(this.#nodes, step.node);
    switch (step.kind) {
      case "check":
        node.check(pick(RECORDS, step.session).id);
        break;
      case "revoke":
        node.revoke({ session: pick(RECORDS, step.session).id });
        break;
      case "mass":
        node.revoke(pick(SCOPES, step.scope));
        break;
      case "privilege":
      case "data":
        node.write(pick(RECORDS, step.session).id, step.kind);
        break;
      case "pause":
        node.pause(step.span, step.order);
        break;
      case "cut":
        if (step.from !== "shared") node.cutOff("store", step.span);
        if (step.from !== "store") node.cutOff("shared", step.span);
        break;
      case "jump":
        node.setWallClock(step.by);
        break;
      case "restart":
        node.restart();
    }
  }
}

function pick<T>(from: readonly T[], number: number): T {
  return from[number % from.length] as T;
}
