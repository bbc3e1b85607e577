import { CacheCore, type CoreParts } from "../../cache/core.ts";
import { KnownLog } from "../../cache/known-log.ts";
import { TimedLease } from "../../cache/lease.ts";
import { type HeldCopy, LocalTier } from "../../cache/local.ts";
import type { Snapshot } from "../../session/store.ts";
import type { NodeTime } from "./node.ts";
import type { MakeSubject, SubjectOptions } from "./world.ts";

const LIMITS = { maxEntries: 16, maxBytes: 1 << 20 };

/** The parts of the published core. */
function dependenciesOf({ bound, marks }: SubjectOptions): CoreParts {
  return {
    lease: new TimedLease(bound),
    log: new KnownLog(marks),
    local: new LocalTier(LIMITS),
    ttl: Number.POSITIVE_INFINITY,
    longestSilence: 2 * bound,
  };
}

/** The published core, without a bug. */
export const honest: MakeSubject = (options) => ({ core: new CacheCore(dependenciesOf(options)) });

class NoLease extends TimedLease {
  override holds(): boolean {
    return true;
  }
}

class LeaseFromReply extends TimedLease {
  readonly #time: NodeTime;

  constructor(bound: number, time: NodeTime) {
    super(bound);
    this.#time = time;
  }

  override ask(): () => void {
    return () => super.ask(this.#time.monotonic(), this.#time.wall())();
  }
}

/** Checks the clock only when a timer fires, like a heartbeat, and uses that result until the next time. */
class TimerFlag extends TimedLease {
  #isHeld = false;

  update(time: NodeTime): void {
    this.#isHeld = super.holds(time.monotonic(), time.wall());
  }

  override holds(): boolean {
    return this.#isHeld;
  }
}

class TrustingCore extends CacheCore {
  override accepts(): boolean {
    return true;
  }
}

class UncheckedCore extends CacheCore {
  readonly #local: LocalTier;

  constructor(deps: CoreParts) {
    super(deps);
    this.#local = deps.local;
  }

  override fill(key: string, snapshot: Snapshot, monotonic: number): HeldCopy {
    return this.#local.fill(key, snapshot, monotonic);
  }
}

/** Treats every copy as read at the horizon or later. */
class NoHorizon extends KnownLog {
  override admits(key: string, { record, position }: Snapshot): boolean {
    return super.admits(key, { record, position: Math.max(position, this.horizon) });
  }
}

/** Cores with one deliberate bug each. The simulator must catch every one, which proves that it can detect bugs. */
export const mutants = {
  "no lease": (options) => ({
    core: new CacheCore({ ...dependenciesOf(options), lease: new NoLease(options.bound) }),
  }),
  "lease counted from the reply": (options) => ({
    core: new CacheCore({
      ...dependenciesOf(options),
      lease: new LeaseFromReply(options.bound, options.time),
    }),
  }),
  "a timer's flag": (options) => {
    const lease = new TimerFlag(options.bound);
    return {
      core: new CacheCore({ ...dependenciesOf(options), lease }),
      tick: () => lease.update(options.time),
    };
  },
  "trusting the shared tier": (options) => ({ core: new TrustingCore(dependenciesOf(options)) }),
  "unchecked fill": (options) => ({ core: new UncheckedCore(dependenciesOf(options)) }),
  "no horizon": (options) => ({
    core: new CacheCore({ ...dependenciesOf(options), log: new NoHorizon(options.marks) }),
  }),
} satisfies Record<string, MakeSubject>;
