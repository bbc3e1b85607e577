import { CacheCore, type CoreDependencies } from "../../cache/core.ts";
import { InvalidatedKeys } from "../../cache/invalidated-keys.ts";
import { TimedLease } from "../../cache/lease.ts";
import { type CacheEntry, LocalTier } from "../../cache/local.ts";
import { RevocationLog } from "../../cache/revocation-log.ts";
import type { Snapshot } from "../../session/store.ts";
import type { NodeTime } from "./node.ts";
import type { CoreUnderTestOptions, CreateCore } from "./simulation.ts";

const LOCAL_LIMITS = { maxEntries: 16, maxBytes: 1 << 20 };

/** Creates the parts of the cache core that the package uses. */
function dependenciesOf({ maxStaleness, maxLogEntries }: CoreUnderTestOptions): CoreDependencies {
  return {
    lease: new TimedLease(maxStaleness),
    log: new RevocationLog(maxLogEntries),
    keys: new InvalidatedKeys(maxLogEntries),
    local: new LocalTier(LOCAL_LIMITS),
    ttl: Number.POSITIVE_INFINITY,
    maxTimeWithoutPoll: 2 * maxStaleness,
  };
}

/** Creates the cache core that the package uses, without a deliberate bug. */
export const publishedCore: CreateCore = (options) => ({ core: new CacheCore(dependenciesOf(options)) });

class NoLease extends TimedLease {
  override isValid(): boolean {
    return true;
  }
}

class LeaseFromResponse extends TimedLease {
  readonly #time: NodeTime;

  constructor(bound: number, time: NodeTime) {
    super(bound);
    this.#time = time;
  }

  override beginRenewal(): () => void {
    return () => super.beginRenewal(this.#time.monotonic(), this.#time.wall())();
  }
}

/** Checks the clock only when a timer fires, like a heartbeat, and uses that result until the timer fires again. */
class LeaseCheckedByTimer extends TimedLease {
  #isHeld = false;

  update(time: NodeTime): void {
    this.#isHeld = super.isValid(time.monotonic(), time.wall());
  }

  override isValid(): boolean {
    return this.#isHeld;
  }
}

class TrustingCore extends CacheCore {
  override allowsShared(): boolean {
    return true;
  }
}

class UncheckedCore extends CacheCore {
  readonly #local: LocalTier;

  constructor(deps: CoreDependencies) {
    super(deps);
    this.#local = deps.local;
  }

  override fill(key: string, snapshot: Snapshot, monotonic: number): CacheEntry {
    return this.#local.fill(key, snapshot, monotonic);
  }
}

/**
 * Accepts copies from before the horizon (the position from which the log is complete), as if they had been read at the
 * horizon.
 */
class LogWithoutHorizon extends RevocationLog {
  override allowsFill(key: string, { record, position }: Snapshot): boolean {
    return super.allowsFill(key, { record, position: Math.max(position, this.horizon) });
  }
}

/** Cores with one deliberate bug each. The simulator must catch every one, which proves that it can detect bugs. */
export const mutantCaches = {
  "copies are served without a lease": (options) => ({
    core: new CacheCore({ ...dependenciesOf(options), lease: new NoLease(options.maxStaleness) }),
  }),
  "the lease is counted from the response to a poll": (options) => ({
    core: new CacheCore({
      ...dependenciesOf(options),
      lease: new LeaseFromResponse(options.maxStaleness, options.time),
    }),
  }),
  "the lease is checked only by a timer": (options) => {
    const lease = new LeaseCheckedByTimer(options.maxStaleness);
    return {
      core: new CacheCore({ ...dependenciesOf(options), lease }),
      tick: () => lease.update(options.time),
    };
  },
  "copies of the shared tier are not checked": (options) => ({
    core: new TrustingCore(dependenciesOf(options)),
  }),
  "copies are cached without a check": (options) => ({ core: new UncheckedCore(dependenciesOf(options)) }),
  "copies from before the known log are cached": (options) => ({
    core: new CacheCore({ ...dependenciesOf(options), log: new LogWithoutHorizon(options.maxLogEntries) }),
  }),
} satisfies Record<string, CreateCore>;
