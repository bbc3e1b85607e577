import { CoatcheckError } from "coatcheck";

/** Maximum requests per minute. 0 turns a limit off. */
export interface RequestLimits {
  /** Requests of one session. */
  readonly session: number;
  /**
   * Requests from one client address. IPv6 addresses are grouped by their /64 network. Requests with a key are not
   * limited.
   */
  readonly address: number;
}

/**
 * The default limits. The limit per address is higher than the limit per session, because many users can share an
 * address.
 */
export const DEFAULT_LIMITS: RequestLimits = { session: 600, address: 3000 };

/** Length of a window, in milliseconds. */
const WINDOW_LENGTH = 60_000;
/** Maximum number of keys that a limiter stores. The oldest windows are dropped first. */
const MAX_KEYS = 100_000;

interface RequestWindow {
  readonly endsAt: number;
  count: number;
}

/**
 * Counts the requests of each key, and rejects requests that exceed a maximum per minute. Each process counts
 * separately.
 */
export class RateLimiter {
  readonly #max: number;
  readonly #message: string;
  readonly #monotonic: () => number;
  /** The current window of each key, in the order in which the windows end. */
  readonly #windows = new Map<string, RequestWindow>();

  /**
   * @param max requests per minute and key; 0 for no limit.
   * @param message the message of the error.
   * @param monotonic returns milliseconds that never decrease.
   */
  constructor(max: number, message: string, monotonic: () => number = () => performance.now()) {
    this.#max = max;
    this.#message = message;
    this.#monotonic = monotonic;
  }

  /**
   * Counts one request.
   *
   * @throws CoatcheckError `RATE_LIMITED` with the seconds until the window ends.
   */
  count(key: string): void {
    if (this.#max === 0) return;
    const now = this.#monotonic();
    let window = this.#windows.get(key);
    if (window === undefined || window.endsAt <= now) {
      window = { endsAt: now + WINDOW_LENGTH, count: 0 };
      this.#windows.delete(key);
      this.#windows.set(key, window);
      this.#dropOldest();
    }
    window.count++;
    if (window.count <= this.#max) return;
    throw new CoatcheckError("RATE_LIMITED", this.#message, {
      retryAfter: Math.ceil((window.endsAt - now) / 1000),
    });
  }

  #dropOldest(): void {
    if (this.#windows.size <= MAX_KEYS) return;
    const [oldest] = this.#windows.keys();
    if (oldest !== undefined) this.#windows.delete(oldest);
  }
}
