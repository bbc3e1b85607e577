/**
 * Generates the sessions that fill a store. Session number `i` is the same in every run: its id, kind and times are
 * computed from `i` and the size of the store, so no list of sessions is needed.
 */
import type { SessionRecord } from "coatcheck";
import { makeRecord } from "coatcheck/testing";
import { sessionData } from "../servers/workload.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * The simulated current time, in epoch milliseconds. It is fixed, because the cost of `touch` depends on the minute of
 * the hour.
 */
export const NOW = Date.UTC(2026, 0, 15, 12, 10);
/** The time at which the revoked sessions were revoked, in epoch milliseconds. */
export const REVOKED_AT = NOW - 12 * HOUR;
/**
 * `sweep` deletes the sessions that ended before this time: all expired sessions, and all that were revoked one by one.
 */
export const SWEEP_BEFORE = NOW - 6 * HOUR;

/** A tenant whose sessions have all expired: the worst case for listing live sessions. */
export const EXPIRED_TENANT = "tenant-98";
/** A tenant whose sessions are revoked in one call after the store has been filled. */
export const REVOKED_TENANT = "tenant-99";
/**
 * The tenant to which the newest sessions of {@link REVOKED_TENANT} are assigned instead. Otherwise the list of the
 * newest sessions would begin with revoked ones.
 */
const REPLACEMENT_TENANT = "tenant-97";

const TENANT_COUNT = 100;
/** The age of the oldest session, in milliseconds. */
const OLDEST_AGE = 14 * DAY;
/** A prime number that divides no store size. It spreads the sessions of each subject over all ages. */
const SUBJECT_STRIDE = 7919;
/** Assigns 15 sessions to five subjects, which have 1, 2, 3, 4 and 5 sessions. */
const SUBJECT_PATTERN = [0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4];

/** The state of a session when the measurement starts. */
export type SessionKind = "live" | "expired" | "revoked";

/** Returns a pseudo-random number from 0 to 1 for `seed` and `salt` (mulberry32). */
function randomNumber(seed: number, salt: number): number {
  let mixed = (Math.imul(seed, 2_654_435_761) + Math.imul(salt, 0x6d2b79f5)) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

function uuid(index: number, salt: number): string {
  const words = [1, 2, 3, 4].map((part) =>
    Math.floor(randomNumber(index, salt * 8 + part) * 2 ** 32)
      .toString(16)
      .padStart(8, "0"),
  );
  const hex = words.join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** Computes the sessions of a store with `size` sessions. A session with a higher number is inserted later. */
export class Sessions {
  readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  idOf(index: number): string {
    return uuid(index, 1);
  }

  /**
   * Returns the state of a session. Of all sessions, 53 % are live, 34 % expired and 13 % revoked; most new ones are
   * live.
   */
  kindOf(index: number): SessionKind {
    const daysOld = this.#ageOf(index) / DAY;
    const drawn = randomNumber(index, 2);
    if (this.tenantOf(index) === EXPIRED_TENANT) return "expired";
    if (daysOld < 1) return "live";
    if (daysOld < 7) return drawn < 0.75 ? "live" : drawn < 0.9 ? "expired" : "revoked";
    return drawn < 0.28 ? "live" : drawn < 0.84 ? "expired" : "revoked";
  }

  tenantOf(index: number): string {
    const tenant = `tenant-${this.#groupOf(index) % TENANT_COUNT}`;
    return tenant === REVOKED_TENANT && this.#ageOf(index) < DAY ? REPLACEMENT_TENANT : tenant;
  }

  /** Returns the subject; null for an anonymous session, as a quarter of all sessions are. */
  subjectOf(index: number): string | null {
    if (randomNumber(index, 3) < 0.25) return null;
    return `user-${this.#groupOf(index) * 5 + (SUBJECT_PATTERN[this.#mixedIndex(index) % SUBJECT_PATTERN.length] ?? 0)}`;
  }

  /** Returns the owner. A fifth of the sessions belong to API keys, with one key per tenant. */
  ownerOf(index: number): string {
    const isOfConsumer = randomNumber(index, 4) < 0.2;
    return isOfConsumer ? `consumer:${this.tenantOf(index)}` : `browser:${this.idOf(index)}`;
  }

  /** Returns the record to insert. The sessions of kind `revoked` are revoked after the insertion. */
  recordOf(index: number): SessionRecord {
    const createdAt = NOW - this.#ageOf(index);
    const isRemembered = randomNumber(index, 5) < 0.1;
    return makeRecord({
      id: this.idOf(index),
      owner: this.ownerOf(index),
      subject: this.subjectOf(index),
      tenant: this.tenantOf(index),
      visitorId: uuid(index, 6),
      createdAt,
      lastSeenAt: this.#lastSeenAtOf(index, createdAt, isRemembered),
      expiresAt: createdAt + 30 * DAY,
      idleTimeout: isRemembered ? 14 * DAY : 30 * MINUTE,
      rememberMe: isRemembered,
      data: sessionData(index),
    });
  }

  /**
   * Returns the last activity. A session that is no longer live was not used after its creation. With "remember me" the
   * idle timeout is longer, so the last activity is set to 14 days before the creation. Otherwise the session would not
   * have expired yet.
   */
  #lastSeenAtOf(index: number, createdAt: number, isRemembered: boolean): number {
    const drawn = randomNumber(index, 7);
    if (this.kindOf(index) !== "live") return createdAt - (isRemembered ? 14 * DAY : 0);
    return Math.max(createdAt, NOW - Math.round(drawn * (isRemembered ? DAY : 25 * MINUTE)));
  }

  #ageOf(index: number): number {
    return Math.round(OLDEST_AGE * (1 - index / this.size));
  }

  /** Returns a number that assigns the session to a tenant and a subject, independent of its age. */
  #mixedIndex(index: number): number {
    return index < this.size ? (index * SUBJECT_STRIDE) % this.size : index;
  }

  #groupOf(index: number): number {
    return Math.floor(this.#mixedIndex(index) / SUBJECT_PATTERN.length);
  }
}
