import { type Fault, invalidInputError } from "./errors.ts";
import { type KnownOptions, requireKnownOptions, requireOneOf } from "./known-options.ts";
import { warnOfShortDurations } from "./short-durations.ts";
import { describeValue, usageError } from "./usage-error.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * The activity class of a request. `user`: the user did something; the idle timeout restarts. `background`: a poll or a
 * beacon; the idle timeout does not restart. `none`: the session is only inspected; no activity and no first use of a
 * token is recorded.
 */
export type Activity = "user" | "background" | "none";

const ACTIVITIES: readonly Activity[] = ["user", "background", "none"];

/**
 * Rejects an unknown activity class, because it would be treated as `none`, and the session would time out although its
 * user is active. Throws `UsageError`.
 */
export function requireActivity(input: string, activity: Activity | undefined): void {
  // Test the usual value first, because this check runs for every request.
  if (activity === "user") return;
  requireOneOf(input, "activity", activity, ACTIVITIES);
}

/** The two timeouts of a session, in milliseconds. */
export interface Timeouts {
  /** Ends the session after this time without activity (ASVS 5.0 V7.3.1). At most {@link absoluteTimeout}. */
  readonly idleTimeout: number;
  /** Ends the session after this time regardless of activity (ASVS 5.0 V7.3.2). */
  readonly absoluteTimeout: number;
}

/** Limits the number of live sessions of a subject, and says what happens at the limit (ASVS 5.0 V7.1.2). */
export interface SessionLimit {
  /** Maximum number of live sessions of a subject, 1 to 999. */
  readonly max: number;
  /**
   * `reject` makes the login throw `CONFLICT`. The other two revoke a session of the subject, with the reason `limit`.
   */
  readonly onExceeded: "reject" | "evict-oldest" | "evict-least-recently-used";
}

/** Fewer than a page of 1000 sessions, so that one page contains every session that may be revoked. */
const MAX_SESSIONS_PER_SUBJECT = 999;

const LIMIT_ACTIONS: readonly SessionLimit["onExceeded"][] = [
  "reject",
  "evict-oldest",
  "evict-least-recently-used",
];

/**
 * The longest duration, 25 years. A time in epoch milliseconds is longer, so a time that is passed by mistake is
 * rejected.
 */
export const MAX_DURATION = 25 * 365 * DAY;

/** The timeouts, limits and rotation of sessions. Every field has a default; see {@link DEFAULT_POLICY}. */
export interface SessionPolicy extends Timeouts {
  /** The timeouts of logins with `rememberMe: true`. Default: 30 days idle and absolute (NIST SP 800-63B-4 §2.1.3). */
  readonly rememberMe: Timeouts;
  /**
   * Whether the browser keeps the cookie after it is closed, if the login has no `rememberMe` option. Default: true.
   */
  readonly persistentCookie: boolean;
  /** Limits the live sessions of a subject. Default: null, no limit. */
  readonly sessionLimit: SessionLimit | null;
  /**
   * Interval of periodic rotation, milliseconds; null disables it. A change of privilege always rotates. Default: null.
   */
  readonly rotateEvery: number | null;
  /**
   * How long a replaced token is still recognized, milliseconds. During this overlap the response with the new token,
   * or a repeated request, may be in transit. Default: 30 s.
   */
  readonly tokenOverlap: number;
  /** Maximum size of `data`, in bytes of JSON in UTF-8. Default: 64 KB. */
  readonly maxDataBytes: number;
  /** Maximum size of `metadata`, in bytes of JSON in UTF-8. Default: 4 KB. */
  readonly maxMetadataBytes: number;
}

/**
 * The default policy: 1 day idle, 30 days absolute (NIST SP 800-63B-4 §2.1.3 for AAL1). Use shorter timeouts for
 * sensitive data.
 */
export const DEFAULT_POLICY: SessionPolicy = {
  idleTimeout: DAY,
  absoluteTimeout: 30 * DAY,
  rememberMe: { idleTimeout: 30 * DAY, absoluteTimeout: 30 * DAY },
  persistentCookie: true,
  sessionLimit: null,
  rotateEvery: null,
  tokenOverlap: 30_000,
  maxDataBytes: 64 * 1024,
  maxMetadataBytes: 4 * 1024,
};

const POLICY_OPTIONS = {
  idleTimeout: true,
  absoluteTimeout: true,
  rememberMe: true,
  sessionLimit: true,
  rotateEvery: true,
  tokenOverlap: true,
  persistentCookie: "boolean",
  maxDataBytes: true,
  maxMetadataBytes: true,
} satisfies KnownOptions<SessionPolicy>;
const TIMEOUT_OPTIONS = { idleTimeout: true, absoluteTimeout: true } satisfies KnownOptions<Timeouts>;
const LIMIT_OPTIONS = { max: true, onExceeded: true } satisfies KnownOptions<SessionLimit>;

/**
 * Fills in the defaults and checks the policy.
 *
 * @throws UsageError for an unknown option; CoatcheckError `VALIDATION_FAILED` with a fault for each invalid field.
 */
export function resolvePolicy(given: Partial<SessionPolicy> = {}): SessionPolicy {
  requireKnownOptions("session policy", given, POLICY_OPTIONS);
  const policy = { ...DEFAULT_POLICY, ...given };
  const { sessionLimit, rememberMe, maxDataBytes, maxMetadataBytes } = policy;
  requireKnownOptions("session policy", rememberMe, TIMEOUT_OPTIONS, "rememberMe");
  if (sessionLimit !== null)
    requireKnownOptions("session policy", sessionLimit, LIMIT_OPTIONS, "sessionLimit");
  const rememberMeTimeouts = {
    "rememberMe.idleTimeout": rememberMe.idleTimeout,
    "rememberMe.absoluteTimeout": rememberMe.absoluteTimeout,
  };
  const faults = [
    ...durationFaults({
      idleTimeout: policy.idleTimeout,
      absoluteTimeout: policy.absoluteTimeout,
      ...rememberMeTimeouts,
      rotateEvery: policy.rotateEvery ?? MAX_DURATION,
      tokenOverlap: policy.tokenOverlap,
    }),
    ...numberFaults(
      { maxDataBytes, maxMetadataBytes },
      Number.MAX_SAFE_INTEGER,
      "must be a positive whole number of bytes",
    ),
  ];
  if (sessionLimit !== null) {
    const max = MAX_SESSIONS_PER_SUBJECT;
    faults.push(
      ...numberFaults(
        { "sessionLimit.max": sessionLimit.max },
        max,
        `must be a whole number from 1 to ${max}`,
      ),
    );
    if (!LIMIT_ACTIONS.includes(sessionLimit.onExceeded)) {
      const message = `must be one of ${LIMIT_ACTIONS.join(", ")} (got ${describeValue(sessionLimit.onExceeded)})`;
      faults.push({ path: "sessionLimit.onExceeded", message });
    }
  }
  // Compare only valid numbers.
  if (faults.length === 0)
    faults.push(...timeoutOrderFaults("", given), ...timeoutOrderFaults("rememberMe.", rememberMe));
  if (faults.length > 0) throw invalidInputError("session policy", faults);
  const { idleTimeout, absoluteTimeout, rotateEvery, tokenOverlap } = policy;
  const lifetimes = { idleTimeout, absoluteTimeout, rotateEvery };
  warnOfShortDurations("session policy", "lifetime", { ...lifetimes, ...rememberMeTimeouts });
  warnOfShortDurations("session policy", "grace", { tokenOverlap });
  return policy;
}

/**
 * Returns a fault for an idle timeout that never applies, because the absolute timeout ends the session first. Does not
 * compare a timeout with the other's default, because an application may set only a short absolute timeout.
 */
function timeoutOrderFaults(prefix: string, { idleTimeout, absoluteTimeout }: Partial<Timeouts>): Fault[] {
  if (idleTimeout === undefined || absoluteTimeout === undefined || idleTimeout <= absoluteTimeout) return [];
  const message = `must be at most ${prefix}absoluteTimeout, ${absoluteTimeout} (got ${idleTimeout})`;
  return [{ path: `${prefix}idleTimeout`, message }];
}

/**
 * Checks durations in milliseconds. Without the check, a comparison with `NaN` would always be false, and `+` would
 * concatenate a time and a string of digits instead of adding them.
 *
 * @param durations the values by name; the name becomes the fault's path.
 * @throws UsageError with a fault for each invalid duration.
 */
export function requireDurations(durations: Readonly<Record<string, number>>): void {
  const faults = durationFaults(durations);
  if (faults.length > 0) throw usageError("duration", faults);
}

function durationFaults(durations: Readonly<Record<string, number>>): Fault[] {
  const requirement = "must be a positive whole number of milliseconds, at most 25 years";
  return numberFaults(durations, MAX_DURATION, requirement);
}

function numberFaults(numbers: Readonly<Record<string, number>>, max: number, requirement: string): Fault[] {
  return Object.entries(numbers)
    .filter(([, value]) => !(Number.isSafeInteger(value) && value > 0 && value <= max))
    .map(([path, value]) => ({ path, message: `${requirement} (got ${describeValue(value)})` }));
}

/**
 * Returns how far `lastSeenAt` must move before a touch, which stores it, is written: 5 % of the idle timeout, at most
 * 1 minute. After a crash a session may end that much earlier, but never later.
 */
export function touchThreshold(idleTimeout: number): number {
  return Math.min(MINUTE, idleTimeout / 20);
}
