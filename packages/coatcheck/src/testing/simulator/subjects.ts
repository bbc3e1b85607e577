import { CacheCore, type CoreParts } from "../../cache/core.ts";
import { KnownLog } from "../../cache/known-log.ts";
import { TimedLease } from "../../cache/lease.ts";
import { type HeldCopy, LocalTier } from "../../cache/local.ts";
import type { Snapshot } from "../../session/store.ts";
import type { NodeTime } from "./node.ts";
import type { MakeSubject, SubjectOptions } from "./world.ts";

const LIMITS = { maxEntries: 16, maxBytes: 1 << 20 };

/** What the published core is made of. */
function partsOf({ bound, marks }: SubjectOptions): CoreParts {
  return {
    lease: new TimedLease(bound),
    log: new KnownLog(marks),
    local: new LocalTier(LIMITS),
    ttl: Number.POSITIVE_INFINITY,
    longestSilence: 2 * bound,
  };
}

/** The core as it is published. */
export const honest: MakeSubject = (options) => ({ core: new CacheCore(partsOf(options)) });

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

/** Looks at the clock when a timer fires and remembers the result, as a heartbeat would. */
class TimerFlag extends TimedLease {
  #isHeld = false;

  look(time: NodeTime): void {
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

  constructor(parts: CoreParts) {
    super(parts);
    this.#local = parts.local;
  }

  override fill(key: string, snapshot: Snapshot, monotonic: number): HeldCopy {
    return this.#local.fill(key, snapshot, monotonic);
  }
}

/** Takes a copy for as new as the marks are complete. */
class NoHorizon extends KnownLog {
  override admits(key: string, { record, position }: Snapshot): boolean {
    return super.admits(key, { record, position: Math.max(position, this.horizon) });
  }
}

/** Cores with one deliberate mistake each. The simulator must catch every one, which proves that it can fail. */
export const mutants = {
  "no lease": (options) => ({
    core: new CacheCore({ ...partsOf(options), lease: new NoLease(options.bound) }),
  }),
  "lease counted from the reply": (options) => ({
    core: new CacheCore({ ...partsOf(options), lease: new LeaseFromReply(options.bound, options.time) }),
  }),
  "a timer's flag": (options) => {
    const lease = new TimerFlag(options.bound);
    return { core: new CacheCore({ ...partsOf(options), lease }), tick: () => lease.look(options.time) };
  },
  "trusting the shared tier": (options) => ({ core: new TrustingCore(partsOf(options)) }),
  "unchecked fill": (options) => ({ core: new UncheckedCore(partsOf(options)) }),
  "no horizon": (options) => ({
    core: new CacheCore({ ...partsOf(options), log: new NoHorizon(options.marks) }),
  }),
} satisfies Record<string, MakeSubject>;
