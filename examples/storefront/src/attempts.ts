import { type Clock, CoatcheckError } from "coatcheck";

const MINUTE = 60_000;
/** The largest number of addresses to store. */
const MAX_ADDRESSES = 10_000;

/**
 * Limits the password attempts of each network address. The library's endpoints leave this limit to the application.
 */
export class LoginAttempts {
  readonly #clock: Clock;
  readonly #perMinute: number;
  readonly #counts = new Map<string, number>();
  #minute = 0;

  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  /**
   * Counts an attempt.
   *
   * @throws CoatcheckError `RATE_LIMITED` if the attempt exceeds the limit of this minute.
   */
  countAttempt(address: string | null): void {
    const minute = Math.floor(this.#clock.now() / MINUTE);
    if (minute !== this.#minute || this.#counts.size > MAX_ADDRESSES) this.#counts.clear();
    this.#minute = minute;
    const key = address ?? "";
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    if (count <= this.#perMinute) return;
    throw new CoatcheckError(
      "RATE_LIMITED",
      "Too many login attempts from this network address. Wait a minute, then retry.",
      {
        retryAfter: 60,
      },
    );
  }
}
