import { CoatcheckError, type Fault } from "./errors.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * What kind of request this is. `user`: a person did something, the idle timeout starts anew. `background`: a poll or a
 * beacon, which keeps no session alive. `none`: somebody only asks about the session; nothing at all is recorded.
 */
export type Activity = "user" | "background" | "none";

/** The two ends of a session, milliseconds. */
export interface Timeouts {
  /** End without activity (ASVS 5.0 V7.3.1). */
  readonly idleTimeout: number;
  /** End whatever the activity (ASVS 5.0 V7.3.2). */
  readonly absoluteTimeout: number;
}

/** How many live sessions a subject may have, and what gives way (ASVS 5.0 V7.1.2). */
export interface SessionLimit {
  /** 1 to 999. */
  readonly most: number;
  /** `reject` fails the login with `CONFLICT`; the others end a session of the subject with the reason `limit`. */
  readonly when: "reject" | "evict-oldest" | "evict-least-recently-used";
}

/** What gives way is chosen from one page of the subject's sessions, a thousand. */
const MOST_LIMITED = 999;

const GIVES_WAY: readonly SessionLimit["when"][] = ["reject", "evict-oldest", "evict-least-recently-used"];

/** Who means "for ever" says a hundred years: a time much further away fits into no store's integers. */
const LONGEST = 100 * 365 * DAY;

/** How long sessions live and how they change hands. Every field has a default; see {@link DEFAULT_POLICY}. */
export interface SessionPolicy extends Timeouts {
  /** For logins with `remember: true`. */
  readonly remembered: Timeouts;
  readonly limit: SessionLimit | null;
  /** Periodic rotation of the secret, milliseconds; null for none. Changes of privilege always rotate. */
  readonly rotateEvery: number | null;
  /** How long the old secret still opens after the new one was first used, milliseconds. Later use is theft. */
  readonly rotationGrace: number;
  /** Largest `data`, bytes of JSON in UTF-8. */
  readonly dataLimit: number;
  /** Largest `metadata`, bytes of JSON in UTF-8. */
  readonly metadataLimit: number;
}

/** A day without activity, thirty days at most: NIST SP 800-63B-4 §2.1.3 for AAL1. Shorten it where more is at stake. */
export const DEFAULT_POLICY: SessionPolicy = {
  idleTimeout: DAY,
  absoluteTimeout: 30 * DAY,
  remembered: { idleTimeout: 30 * DAY, absoluteTimeout: 90 * DAY },
  limit: null,
  rotateEvery: null,
  rotationGrace: 30_000,
  dataLimit: 64 * 1024,
  metadataLimit: 4 * 1024,
};

/**
 * Fills in the defaults and checks the numbers.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` with the path of each fault.
 */
export function resolvePolicy(given: Partial<SessionPolicy> = {}): SessionPolicy {
  const policy = { ...DEFAULT_POLICY, ...given };
  const { limit, remembered } = policy;
  const faults = [
    ...faultsOfDurations({
      idleTimeout: policy.idleTimeout,
      absoluteTimeout: policy.absoluteTimeout,
      "remembered.idleTimeout": remembered.idleTimeout,
      "remembered.absoluteTimeout": remembered.absoluteTimeout,
      rotateEvery: policy.rotateEvery ?? LONGEST,
      rotationGrace: policy.rotationGrace,
    }),
    ...faultsOfNumbers({ dataLimit: policy.dataLimit, metadataLimit: policy.metadataLimit }),
  ];
  if (limit !== null) {
    faults.push(...faultsOfNumbers({ "limit.most": limit.most }, MOST_LIMITED));
    if (!GIVES_WAY.includes(limit.when)) {
      faults.push({ path: "limit.when", message: `must be one of ${GIVES_WAY.join(", ")}` });
    }
  }
  if (faults.length > 0)
    throw new CoatcheckError("VALIDATION_FAILED", "The session policy will not do.", { faults });
  return policy;
}

/**
 * Checks durations, milliseconds, by the name of each: what is no number would be compared with times all the same, and
 * a text of digits would be joined to one.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` with the path of each that will not do.
 */
export function requireDurations(durations: Readonly<Record<string, number>>): void {
  const faults = faultsOfDurations(durations);
  if (faults.length > 0)
    throw new CoatcheckError("VALIDATION_FAILED", "These are no milliseconds that will do.", { faults });
}

function faultsOfDurations(durations: Readonly<Record<string, number>>): Fault[] {
  return faultsOfNumbers(durations, LONGEST);
}

function faultsOfNumbers(numbers: Readonly<Record<string, number>>, most = Number.MAX_SAFE_INTEGER): Fault[] {
  return Object.entries(numbers)
    .filter(([, value]) => !(Number.isSafeInteger(value) && value > 0 && value <= most))
    .map(([path]) => ({ path, message: `must be a whole number from 1 to ${most}` }));
}

/**
 * How far activity must have moved before the store is told: 5 % of the idle timeout, a minute at most. So a session
 * may end that much early after a crash, and never late.
 */
export function touchThreshold(idleTimeout: number): number {
  return Math.min(MINUTE, idleTimeout / 20);
}
