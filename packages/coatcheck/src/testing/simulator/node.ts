import type { CacheCore } from "../../cache/core.ts";
import type { SessionRecord } from "../../session/record.ts";
import type { LogPage, RevocationScope, Snapshot } from "../../session/store.ts";
import { keyOf, START } from "./records.ts";
import type { NodeTrait } from "./scenario.ts";
import type { World } from "./world.ts";

/** A process's own idea of time, milliseconds. */
export interface NodeTime {
  monotonic(): number;
  wall(): number;
}

/** The core under test, and what its process's timer runs besides the poll. */
export interface Subject {
  readonly core: CacheCore;
  readonly tick?: () => void;
}

/** A message that waits for a paused process. */
type Mail = () => void;

/**
 * One process around a core: it does what the real cache does with sockets and timers (local, shared, store, fill; poll;
 * hints), but can be paused between any two steps, and handles what piled up meanwhile in any order.
 */
export class SimulatedNode {
  readonly #world: World;
  readonly #trait: NodeTrait;
  readonly time: NodeTime;
  readonly #cutUntil = { store: 0, shared: 0 };
  #subject: Subject;
  #incarnation = 0;
  #pausedUntil = 0;
  #mail: Mail[] = [];
  #wallOffset = 0;
  #frozenFor = 0;

  constructor(world: World, trait: NodeTrait) {
    this.#world = world;
    this.#trait = trait;
    const rate = 1 + trait.drift / 1000;
    this.time = {
      monotonic: () => (world.agenda.now - this.#frozenFor) * rate,
      wall: () => START + world.agenda.now * rate + this.#wallOffset,
    };
    this.#subject = world.makeSubject(this.time);
    this.#tick();
  }

  get #core(): CacheCore {
    return this.#subject.core;
  }

  /** Asks, at this moment, whether a session may come in; the world judges what is answered. */
  check(id: string): void {
    this.#handle(() => this.#answer(id));
  }

  /** Revokes: the caller hears of it when the store's acknowledgement has come back. */
  revoke(scope: RevocationScope): void {
    this.#handle(() => {
      this.#toStore<SessionRecord[]>(
        (reply) => this.#world.store.invalidate(scope, this.#world.commitDelay(), reply),
        (reached) => {
          this.#core.suspect(scope);
          for (const { id, version } of reached) this.#world.acknowledged(this, id, version);
          if ("session" in scope) {
            const key = keyOf(scope.session);
            this.#toShared(() => this.#world.shared.tombstone(key));
          }
          this.#world.hint(this, (node) => node.#core.suspect(scope));
        },
      );
    });
  }

  /** Changes the privilege, or only the data, and holds what it wrote. */
  write(id: string, change: "privilege" | "data"): void {
    this.#handle(() => {
      const { store } = this.#world;
      const { position } = this.#core;
      const key = keyOf(id);
      this.#toStore<SessionRecord>(
        (reply) => {
          if (change === "data") reply(store.write(id));
          else
            store.invalidate(
              { session: id },
              this.#world.commitDelay(),
              ([record]) => record && reply(record),
            );
        },
        (record) => {
          this.#core.fill(key, { record, position }, this.time.monotonic());
          this.#core.drop(key, record.version);
          this.#toShared(() => this.#world.shared.fill(key, { record, position }));
          this.#world.hint(this, (node) => node.#core.drop(key, record.version));
        },
      );
    });
  }

  /** Stops for a while, and then handles what has come in an order of its own. */
  pause(span: number, order: number): void {
    const { agenda } = this.#world;
    const until = agenda.now + span;
    if (this.#pausedUntil > agenda.now) return;
    this.#pausedUntil = until;
    agenda.after(span, () => {
      if (this.#trait.clocks === "freeze") this.#frozenFor += span;
      const mail = shuffled(this.#mail, order);
      this.#mail = [];
      for (const handle of mail) handle();
    });
  }

  cutOff(from: "store" | "shared", span: number): void {
    this.#cutUntil[from] = Math.max(this.#cutUntil[from], this.#world.agenda.now + span);
  }

  setWallClock(by: number): void {
    if (this.#trait.clocks === "jump") this.#wallOffset += by;
  }

  /** Ends and begins again with nothing in memory; what was on its way to the old process is lost. */
  restart(): void {
    this.#handle(() => {
      this.#incarnation++;
      this.#subject = this.#world.makeSubject(this.time);
      this.#tick();
    });
  }

  /** Whether a message to or from this process passes now. */
  reaches(remote: "store" | "shared"): boolean {
    return this.#world.agenda.now >= this.#cutUntil[remote];
  }

  /** A hint, or anything else from outside, on its way to this process. */
  receive(delay: number, handle: Mail): void {
    this.#later(delay, handle);
  }

  #tick(): void {
    this.#subject.tick?.();
    const poll = this.#core.ask(this.time.monotonic(), this.time.wall());
    this.#toStore<LogPage>(
      (reply) => reply(this.#world.store.changes(poll.cursor)),
      (page) => this.#core.answered(poll, page),
    );
    this.#later(this.#world.bound / 4, () => this.#tick());
  }

  #answer(id: string): void {
    const startedAt = this.#world.agenda.now;
    const { time } = this;
    const key = keyOf(id);
    const held = this.#core.peek(key, time.monotonic(), time.wall());
    if (held) {
      this.#world.accepted(this, "local", held.record, startedAt);
      return;
    }
    const askStore = () => this.#askStore(id, startedAt);
    this.#toShared(
      () => this.#world.shared.get(key),
      (snapshot) => {
        if (!snapshot || !this.#core.accepts(key, snapshot, time.monotonic(), time.wall())) {
          askStore();
          return;
        }
        this.#world.accepted(this, "shared", snapshot.record, startedAt);
        this.#core.fill(key, snapshot, time.monotonic());
      },
      askStore,
    );
  }

  #askStore(id: string, startedAt: number): void {
    const key = keyOf(id);
    this.#toStore<Snapshot>(
      (reply) => reply(this.#world.store.get(id)),
      (snapshot) => {
        this.#world.accepted(this, "store", snapshot.record, startedAt);
        this.#core.fill(key, snapshot, this.time.monotonic());
        // It may sleep here, between reading the one and writing the other.
        this.#later(this.#world.delay(), () => this.#toShared(() => this.#world.shared.fill(key, snapshot)));
      },
    );
  }

  #toStore<T>(ask: (reply: (answer: T) => void) => void, answered: (answer: T) => void): void {
    this.#exchange("store", ask, answered);
  }

  /** `lost`: called at once when the tier cannot be reached, as a breaker would. */
  #toShared<T>(ask: () => T, answered: (answer: T) => void = () => {}, lost?: () => void): void {
    if (this.reaches("shared")) this.#exchange<T>("shared", (reply) => reply(ask()), answered);
    else lost?.();
  }

  /** A request and its reply. Either may be late or lost, and the process may not be the same when the reply comes. */
  #exchange<T>(
    remote: "store" | "shared",
    ask: (reply: (answer: T) => void) => void,
    answered: (answer: T) => void,
  ): void {
    const handle = this.#ofThisProcess(answered);
    this.#carry(remote, () => ask((answer) => this.#carry(remote, () => this.#handle(() => handle(answer)))));
  }

  #carry(remote: "store" | "shared", deliver: () => void): void {
    const delay = this.#world.delay();
    if (delay < 0 || !this.reaches(remote)) return;
    this.#world.agenda.after(delay, () => {
      if (this.reaches(remote)) deliver();
    });
  }

  #later(delay: number, handle: Mail): void {
    const own = this.#ofThisProcess(handle);
    this.#world.agenda.after(Math.max(0, delay), () => this.#handle(() => own(undefined)));
  }

  /** Does nothing once this process has been restarted. */
  #ofThisProcess<T>(handle: (message: T) => void): (message: T) => void {
    const incarnation = this.#incarnation;
    return (message) => {
      if (incarnation === this.#incarnation) handle(message);
    };
  }

  #handle(handle: Mail): void {
    if (this.#world.agenda.now < this.#pausedUntil) this.#mail.push(handle);
    else handle();
  }
}

/** Any order, decided by a number: Fisher–Yates over a small generator (Numerical Recipes' constants). */
function shuffled<T>(items: readonly T[], order: number): T[] {
  const result = [...items];
  let state = order >>> 0;
  for (let last = result.length - 1; last > 0; last--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = Math.floor((state / 2 ** 32) * (last + 1));
    const held = result[last] as T;
    result[last] = result[other] as T;
    result[other] = held;
  }
  return result;
}
