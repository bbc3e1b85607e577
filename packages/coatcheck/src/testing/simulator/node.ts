import type { CacheCore } from "../../cache/core.ts";
import type { SessionRecord } from "../../session/record.ts";
import type { LogPage, RevocationScope, Snapshot } from "../../session/store.ts";
import { keyOf, SIMULATION_START } from "./records.ts";
import type { NodeClocks } from "./scenario.ts";
import type { Simulation } from "./simulation.ts";

/** The clocks of one process, in milliseconds. */
export interface NodeTime {
  monotonic(): number;
  wall(): number;
}

/** The core under test, and an action that its process runs at each poll. */
export interface CoreUnderTest {
  readonly core: CacheCore;
  readonly tick?: () => void;
}

/** Handles a message. While the process is paused, handlers wait in a queue. */
type Handler = () => void;

/**
 * One process with a core. It does what the real cache does with sockets and timers: it reads the local tier, the
 * shared tier and the store, fills the caches, polls, and sends hints. It can be paused between any two steps, and then
 * handles the queued messages in any order.
 */
export class SimulatedNode {
  readonly #simulation: Simulation;
  readonly #clocks: NodeClocks;
  readonly time: NodeTime;
  readonly #cutUntil = { store: 0, shared: 0 };
  #cache: CoreUnderTest;
  #incarnation = 0;
  #pausedUntil = 0;
  #queue: Handler[] = [];
  #wallOffset = 0;
  #frozenFor = 0;

  constructor(simulation: Simulation, clocks: NodeClocks) {
    this.#simulation = simulation;
    this.#clocks = clocks;
    const rate = 1 + clocks.drift / 1000;
    this.time = {
      monotonic: () => (simulation.events.now - this.#frozenFor) * rate,
      wall: () => SIMULATION_START + simulation.events.now * rate + this.#wallOffset,
    };
    this.#cache = simulation.createCore(this.time);
    this.#tick();
  }

  get #cacheCore(): CacheCore {
    return this.#cache.core;
  }

  /** Reads a session, like a request does. The simulation checks the result. */
  check(id: string): void {
    this.#runOrQueue(() => this.#read(id));
  }

  /** Revokes sessions. When the store has acknowledged the revocation, sends the tombstones and the hint. */
  revoke(scope: RevocationScope): void {
    this.#runOrQueue(() => {
      this.#sendToStore<SessionRecord[]>(
        (reply) => this.#simulation.store.invalidate(scope, this.#simulation.nextCommitDelay(), reply),
        (invalidated) => {
          this.#cacheCore.markPending(scope);
          for (const { id, version } of invalidated)
            this.#simulation.recordAcknowledgement(this, id, version);
          if ("session" in scope) {
            const key = keyOf(scope.session);
            this.#sendToShared(() => this.#simulation.shared.tombstone(key));
          }
          this.#simulation.sendHint(this, (node) => node.#cacheCore.markPending(scope));
        },
      );
    });
  }

  /** Writes a privilege or data change, and caches the written record. */
  write(id: string, change: "privilege" | "data"): void {
    this.#runOrQueue(() => {
      const { store } = this.#simulation;
      const { position } = this.#cacheCore;
      const key = keyOf(id);
      this.#sendToStore<SessionRecord>(
        (reply) => {
          if (change === "data") reply(store.write(id));
          else
            store.invalidate(
              { session: id },
              this.#simulation.nextCommitDelay(),
              ([record]) => record && reply(record),
            );
        },
        (record) => {
          this.#cacheCore.fill(key, { record, position }, this.time.monotonic());
          this.#cacheCore.drop(key, record.version);
          this.#sendToShared(() => this.#simulation.shared.fill(key, { record, position }));
          this.#simulation.sendHint(this, (node) => node.#cacheCore.drop(key, record.version));
        },
      );
    });
  }

  /** Pauses for `span` milliseconds, then handles the queued messages in an order determined by `order`. */
  pause(span: number, shuffleSeed: number): void {
    const { events } = this.#simulation;
    const until = events.now + span;
    if (this.#pausedUntil > events.now) return;
    this.#pausedUntil = until;
    events.schedule(span, () => {
      if (this.#clocks.clocks === "freeze") this.#frozenFor += span;
      const queue = shuffle(this.#queue, shuffleSeed);
      this.#queue = [];
      for (const handle of queue) handle();
    });
  }

  /** Cuts this process off from a server: for `span` milliseconds, all messages to and from it are lost. */
  cutOff(from: "store" | "shared", span: number): void {
    this.#cutUntil[from] = Math.max(this.#cutUntil[from], this.#simulation.events.now + span);
  }

  /** Moves the wall clock by a number of milliseconds. */
  moveWallClock(by: number): void {
    if (this.#clocks.clocks === "jump") this.#wallOffset += by;
  }

  /** Restarts with empty memory. Messages in flight to the old process are lost. */
  restart(): void {
    this.#runOrQueue(() => {
      this.#incarnation++;
      this.#cache = this.#simulation.createCore(this.time);
      this.#tick();
    });
  }

  /** Whether a message between this process and the server is delivered now. */
  canReach(remote: "store" | "shared"): boolean {
    return this.#simulation.events.now >= this.#cutUntil[remote];
  }

  /** Calls `handle` after `delay` milliseconds, as if a hint had arrived. */
  receive(delay: number, handle: Handler): void {
    this.#scheduleHandling(delay, handle);
  }

  #tick(): void {
    this.#cache.tick?.();
    const poll = this.#cacheCore.startPoll(this.time.monotonic(), this.time.wall());
    this.#sendToStore<LogPage>(
      (reply) => reply(this.#simulation.store.changes(poll.cursor)),
      (page) => this.#cacheCore.applyPage(poll, page),
    );
    this.#scheduleHandling(this.#simulation.maxStaleness / 4, () => this.#tick());
  }

  #read(id: string): void {
    const startedAt = this.#simulation.events.now;
    const { time } = this;
    const key = keyOf(id);
    const cached = this.#cacheCore.get(key, time.monotonic(), time.wall());
    if (cached) {
      this.#simulation.recordAccepted(this, "local", cached.record, startedAt);
      return;
    }
    const readStore = () => this.#readStore(id, startedAt);
    this.#sendToShared(
      () => this.#simulation.shared.get(key),
      (snapshot) => {
        if (!snapshot || !this.#cacheCore.allowsShared(key, snapshot, time.monotonic(), time.wall())) {
          readStore();
          return;
        }
        this.#simulation.recordAccepted(this, "shared", snapshot.record, startedAt);
        this.#cacheCore.fill(key, snapshot, time.monotonic());
      },
      readStore,
    );
  }

  #readStore(id: string, startedAt: number): void {
    const key = keyOf(id);
    this.#sendToStore<Snapshot>(
      (reply) => reply(this.#simulation.store.get(id)),
      (snapshot) => {
        this.#simulation.recordAccepted(this, "store", snapshot.record, startedAt);
        this.#cacheCore.fill(key, snapshot, this.time.monotonic());
        // The process may be paused here, between the read of the store and the write to the shared tier.
        this.#scheduleHandling(this.#simulation.nextDelay(), () =>
          this.#sendToShared(() => this.#simulation.shared.fill(key, snapshot)),
        );
      },
    );
  }

  #sendToStore<T>(send: (reply: (response: T) => void) => void, receive: (response: T) => void): void {
    this.#exchange("store", send, receive);
  }

  /** Calls `unreachable` immediately if the tier cannot be reached, as an open circuit breaker would. */
  #sendToShared<T>(send: () => T, receive: (response: T) => void = () => {}, unreachable?: () => void): void {
    if (this.canReach("shared")) this.#exchange<T>("shared", (reply) => reply(send()), receive);
    else unreachable?.();
  }

  /**
   * Sends a request and handles its response. The request or the response may be late or lost, and a restart discards
   * the response.
   */
  #exchange<T>(
    remote: "store" | "shared",
    send: (reply: (response: T) => void) => void,
    receive: (response: T) => void,
  ): void {
    const handle = this.#unlessRestarted(receive);
    this.#deliver(remote, () =>
      send((response) => this.#deliver(remote, () => this.#runOrQueue(() => handle(response)))),
    );
  }

  #deliver(remote: "store" | "shared", handle: () => void): void {
    const delay = this.#simulation.nextDelay();
    if (delay < 0 || !this.canReach(remote)) return;
    this.#simulation.events.schedule(delay, () => {
      if (this.canReach(remote)) handle();
    });
  }

  #scheduleHandling(delay: number, handle: Handler): void {
    const own = this.#unlessRestarted(handle);
    this.#simulation.events.schedule(Math.max(0, delay), () => this.#runOrQueue(() => own(undefined)));
  }

  /** Wraps a handler so that it does nothing after a restart. */
  #unlessRestarted<T>(handle: (message: T) => void): (message: T) => void {
    const incarnation = this.#incarnation;
    return (message) => {
      if (incarnation === this.#incarnation) handle(message);
    };
  }

  #runOrQueue(handle: Handler): void {
    if (this.#simulation.events.now < this.#pausedUntil) this.#queue.push(handle);
    else handle();
  }
}

/** Fisher–Yates shuffle, seeded by `order`, with the generator of Numerical Recipes. */
function shuffle<T>(items: readonly T[], seed: number): T[] {
  const result = [...items];
  let state = seed >>> 0;
  for (let last = result.length - 1; last > 0; last--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (last + 1));
    const item = result[last] as T;
    result[last] = result[other] as T;
    result[other] = item;
  }
  return result;
}
