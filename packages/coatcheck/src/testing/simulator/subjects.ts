import { CacheCore } from "../../cache/core.ts";
import { KnownLog } from "../../cache/known-log.ts";
import { type Lease, TimedLease } from "../../cache/lease.ts";
import { type HeldCopy, LocalTier } from "../../cache/local.ts";
import type { Snapshot } from "../../session/store.ts";
import type { NodeTime } from "./node.ts";
import type { MakeSubject } from "./world.ts";

const LIMITS = { maxEntries: 16, maxBytes: 1 << 20 };
const NEVER = Number.POSITIVE_INFINITY;

/** The core as it is published. */
export const honest: MakeSubject = ({ bound, marks }) => ({
  core: new CacheCore({
    lease: new TimedLease(bound),
    log: new KnownLog(marks),
    local: new LocalTier(LIMITS),
    ttl: NEVER,
  }),
});

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

  constructor(lease: Lease, log: KnownLog, local: LocalTier) {
    super({ lease, log, local, ttl: NEVER });
    this.#local = local;
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
  "no lease": ({ bound, marks }) => ({ core: coreOf(new NoLease(bound), new KnownLog(marks)) }),
  "lease counted from the reply": ({ bound, marks, time }) => ({
    core: coreOf(new LeaseFromReply(bound, time), new KnownLog(marks)),
  }),
  "a timer's flag": ({ bound, marks, time }) => {
    const lease = new TimerFlag(bound);
    return { core: coreOf(lease, new KnownLog(marks)), tick: () => lease.look(time) };
  },
  "trusting the shared tier": ({ bound, marks }) => ({
    core: new TrustingCore({
      lease: new TimedLease(bound),
      log: new KnownLog(marks),
      local: new LocalTier(LIMITS),
      ttl: NEVER,
    }),
  }),
  "unchecked fill": ({ bound, marks }) => ({
    core: new UncheckedCore(new TimedLease(bound), new KnownLog(marks), new LocalTier(LIMITS)),
  }),
  "no horizon": ({ bound, marks }) => ({ core: coreOf(new TimedLease(bound), new NoHorizon(marks)) }),
} satisfies Record<string, MakeSubject>;

function coreOf(lease: Lease, log: KnownLog): CacheCore {
  return new CacheCore({ lease, log, local: new LocalTier(LIMITS), ttl: NEVER });
}
