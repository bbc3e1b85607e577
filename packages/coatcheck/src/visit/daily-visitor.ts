import { createHmac } from "node:crypto";
import type { Clock } from "../session/clock.ts";
import type { MaybePromise } from "../session/maybe-promise.ts";

/**
 * Returns the salt of a local day, such as `2026-03-29`. All nodes must use the same salt. It must be random, and be
 * deleted after its day: anyone who has the salt can check whether a visitor's id belongs to an address and a user
 * agent.
 */
export type DailySalt = (day: string) => MaybePromise<string>;

/** The data of a request from which the id of a visitor without a cookie is derived. */
export interface DailyTraits {
  readonly host: string | null;
  readonly address: string | null;
  readonly userAgent: string | undefined;
}

/** Time zones differ by multiples of 15 minutes, so every local day begins at a multiple of 15 minutes UTC. */
const QUARTER_HOUR = 15 * 60_000;

/** Derives the ids of visitors without a cookie. The ids change at local midnight, when the salt changes. */
export class DailyVisitors {
  readonly #clock: Clock;
  readonly #saltOf: DailySalt;
  readonly #format: Intl.DateTimeFormat;
  #quarter = -1;
  #day = "";
  #salt: string | null = null;
  #loading: string | null = null;

  /** @param timeZone IANA name of the zone whose midnight ends the day. */
  constructor(clock: Clock, saltOf: DailySalt, timeZone: string) {
    this.#clock = clock;
    this.#saltOf = saltOf;
    this.#format = new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" });
  }

  /** Returns today's id of a visitor, a UUID v8. Returns null while the salt is being fetched. */
  todaysIdOf({ host, address, userAgent }: DailyTraits): string | null {
    const salt = this.#todaysSalt();
    if (salt === null || address === null) return null;
    const traits = JSON.stringify([host, address, userAgent ?? ""]);
    const bytes = createHmac("sha256", salt).update(traits).digest().subarray(0, 16);
    bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
    bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
    const hex = bytes.toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  }

  #todaysSalt(): string | null {
    const now = this.#clock.now();
    const quarter = Math.floor(now / QUARTER_HOUR);
    if (quarter !== this.#quarter) {
      this.#quarter = quarter;
      const day = this.#format.format(now);
      if (day !== this.#day) {
        this.#day = day;
        this.#salt = null;
      }
    }
    if (this.#salt === null && this.#loading !== this.#day) this.#loadSalt(this.#day);
    return this.#salt;
  }

  #loadSalt(day: string): void {
    this.#loading = day;
    const keep = (salt: string | null) => {
      if (this.#day === day) this.#salt = salt;
      if (this.#loading === day) this.#loading = null;
    };
    try {
      const salt = this.#saltOf(day);
      if (typeof salt === "string") keep(salt);
      else salt.then(keep, () => keep(null));
    } catch {
      keep(null);
    }
  }
}
