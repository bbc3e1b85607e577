import type { Tier } from "../../session/reader.ts";
import type { SessionRecord } from "../../session/record.ts";
import { EventQueue } from "./event-queue.ts";
import { type CoreUnderTest, type NodeTime, SimulatedNode } from "./node.ts";
import { RECORDS, SCOPES } from "./records.ts";
import type { Scenario, Step } from "./scenario.ts";
import { SimulatedShared } from "./shared.ts";
import { SimulatedStore } from "./store.ts";

/** Options for creating a core under test. */
export interface CoreUnderTestOptions {
  /** Staleness bound in milliseconds. */
  readonly maxStaleness: number;
  /** Maximum number of invalidations of each kind that the log keeps. */
  readonly maxLogEntries: number;
  readonly time: NodeTime;
}

/** Creates the core under test for one process. */
export type CreateCore = (options: CoreUnderTestOptions) => CoreUnderTest;

/** The result of one run. */
export interface ScenarioResult {
  /** Number of checks that returned a session, by tier. */
  readonly accepted: Readonly<Record<Tier, number>>;
  /** Greatest true time between an invalidation and a check that still got the old copy, in milliseconds. */
  readonly worstStaleness: number;
  /** Descriptions of the broken guarantees; empty if all held. */
  readonly violations: readonly string[];
}

/** Maximum number of invalidations of each kind that a core keeps. It is low, so that the log is trimmed often. */
const LOG_CAPACITY = 2;
/** Milliseconds between two checks of every session on every node. */
const CHECK_INTERVAL = 60;
/** Speed of the slowest clock. On a machine with this clock, the bound lasts half a percent longer. */
const SLOWEST_CLOCK_SPEED = 0.995;

/** Plays one scenario. Only the simulation knows the true time. It uses the true time to check every served session. */
export class Simulation {
  readonly events = new EventQueue();
  readonly store = new SimulatedStore(this.events, RECORDS);
  readonly shared = new SimulatedShared(this.events);
  readonly maxStaleness: number;
  readonly #createCore: CreateCore;
  readonly #delays: readonly number[];
  readonly #nodes: SimulatedNode[];
  readonly #acknowledged = new Map<SimulatedNode, Map<string, { version: number; at: number }>>();
  readonly #accepted = { local: 0, shared: 0, store: 0 };
  readonly #violations: string[] = [];
  #messages = 0;
  #worst = 0;

  constructor(scenario: Scenario, createCore: CreateCore, bound: number) {
    this.maxStaleness = bound;
    this.#createCore = createCore;
    this.#delays = scenario.delays;
    this.#nodes = scenario.nodes.map((clocks) => new SimulatedNode(this, clocks));
  }

  /**
   * Plays the steps. It checks every session on every node at a regular interval, until three times the staleness bound
   * after the last step.
   */
  run(steps: Scenario["steps"]): ScenarioResult {
    this.#checkAllSessions();
    for (const { wait, step } of steps) {
      this.events.runUntil(this.events.now + wait);
      this.#performStep(step);
    }
    this.events.runUntil(this.events.now + 3 * this.maxStaleness);
    return { accepted: this.#accepted, worstStaleness: this.#worst, violations: this.#violations };
  }

  createCore(time: NodeTime): CoreUnderTest {
    return this.#createCore({ maxStaleness: this.maxStaleness, maxLogEntries: LOG_CAPACITY, time });
  }

  /** Delay of the next message, in milliseconds; -1 if it is lost. */
  nextDelay(): number {
    return this.#delays[this.#messages++ % this.#delays.length] ?? 0;
  }

  /** Milliseconds for which the next transaction is open. */
  nextCommitDelay(): number {
    return Math.max(0, this.nextDelay());
  }

  /** Sends a hint to all other nodes. Like any message, it may be late or lost. */
  sendHint(from: SimulatedNode, act: (node: SimulatedNode) => void): void {
    for (const node of this.#nodes) {
      const delay = this.nextDelay();
      if (node === from || delay < 0 || !from.canReach("shared") || !node.canReach("shared")) continue;
      node.receive(delay, () => act(node));
    }
  }

  /**
   * Records that a node's own revocation was acknowledged. After that, this node must not serve the old version at all.
   */
  recordAcknowledgement(node: SimulatedNode, id: string, version: number): void {
    const own = this.#acknowledged.get(node) ?? new Map<string, { version: number; at: number }>();
    this.#acknowledged.set(node, own.set(id, { version, at: this.events.now }));
  }

  /** Records that a node served a session, and a violation if the copy was too stale. */
  recordAccepted(node: SimulatedNode, tier: Tier, { id, version }: SessionRecord, startedAt: number): void {
    this.#accepted[tier]++;
    const staleness = this.store.staleness(id, version, startedAt);
    this.#worst = Math.max(this.#worst, staleness);
    if (staleness > this.maxStaleness / SLOWEST_CLOCK_SPEED) {
      this.#violations.push(`${tier} served a copy that had been invalid for ${Math.round(staleness)} ms`);
    }
    const own = this.#acknowledged.get(node)?.get(id);
    if (own !== undefined && startedAt > own.at && version < own.version) {
      this.#violations.push(`${tier} served a copy that the same process had revoked`);
    }
  }

  #checkAllSessions(): void {
    for (const node of this.#nodes) for (const { id } of RECORDS) node.check(id);
    this.events.schedule(CHECK_INTERVAL, () => this.#checkAllSessions());
  }

  #performStep(step: Step): void {
    if (step.kind === "lose-tail") {
      this.shared.loseNewestWrites(step.span);
      return;
    }
    const node = pickByIndex(this.#nodes, step.node);
    switch (step.kind) {
      case "check":
        node.check(pickByIndex(RECORDS, step.session).id);
        break;
      case "revoke":
        node.revoke({ session: pickByIndex(RECORDS, step.session).id });
        break;
      case "mass":
        node.revoke(pickByIndex(SCOPES, step.scope));
        break;
      case "privilege":
      case "data":
        node.write(pickByIndex(RECORDS, step.session).id, step.kind);
        break;
      case "pause":
        node.pause(step.span, step.order);
        break;
      case "cut":
        if (step.from !== "shared") node.cutOff("store", step.span);
        if (step.from !== "store") node.cutOff("shared", step.span);
        break;
      case "jump":
        node.moveWallClock(step.by);
        break;
      case "restart":
        node.restart();
    }
  }
}

function pickByIndex<T>(from: readonly T[], number: number): T {
  return from[number % from.length] as T;
}
