import { EventEmitter } from "node:events";
import { LRUCache } from "lru-cache";
import { userAgentFamily } from "../device/index.ts";
import type { Clock } from "../session/clock.ts";
import type { ClientInfo } from "../session/record.ts";

/** Options of {@link SuspicionWatch}: the number of new sessions that makes an address suspicious. */
export interface SuspicionOptions {
  /**
   * Number of new sessions that makes an address suspicious, if they are created within {@link window}. Default: 30.
   */
  readonly sessionsPerAddress?: number;
  /** Duration for which the new sessions of one address are counted, in milliseconds. Default: 10 minutes. */
  readonly window?: number;
}

/**
 * A pattern that people rarely cause. Coatcheck only reports the pattern; the application may block the client or
 * require another proof of identity.
 */
export type Suspicion =
  | {
      readonly kind: "many-sessions";
      readonly address: string;
      /** Number of new sessions of the address within the window. */
      readonly sessions: number;
      /** Epoch milliseconds. */
      readonly at: number;
    }
  | {
      readonly kind: "changed-country" | "changed-user-agent";
      readonly sessionId: string;
      /** The value when the session was created. */
      readonly before: string;
      /** The value in this page view. */
      readonly now: string;
      /** Epoch milliseconds. */
      readonly at: number;
    };

/** Events that `visits.events` emits. */
export interface VisitEvents {
  suspicious: [Suspicion];
}

/** Maximum number of addresses and of sessions that are watched at the same time. */
const MAX_WATCHED_ADDRESSES = 50_000;

/**
 * Finds suspicious patterns in page views. Emits at most one event per IP address and window, and one event for each
 * change of a session's client.
 */
export class SuspicionWatch {
  readonly events = new EventEmitter<VisitEvents>();
  readonly #counts: Record<Suspicion["kind"], number> = {
    "many-sessions": 0,
    "changed-country": 0,
    "changed-user-agent": 0,
  };
  readonly #sessions = new LRUCache<string, { since: number; sessions: number }>({
    max: MAX_WATCHED_ADDRESSES,
  });
  readonly #seen = new LRUCache<string, true>({ max: MAX_WATCHED_ADDRESSES });
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #window: number;

  constructor(clock: Clock, { sessionsPerAddress = 30, window = 10 * 60_000 }: SuspicionOptions = {}) {
    this.#clock = clock;
    this.#limit = sessionsPerAddress;
    this.#window = window;
  }

  /** Returns how many patterns of each kind were found since the start of the process. */
  get counts(): Readonly<Record<Suspicion["kind"], number>> {
    return { ...this.#counts };
  }

  /** Counts a new session whose client has this IP address. */
  onSessionCreated(address: string | null): void {
    if (address === null) return;
    const at = this.#clock.now();
    let count = this.#sessions.get(address);
    if (count === undefined || at - count.since >= this.#window) {
      count = { since: at, sessions: 0 };
      this.#sessions.set(address, count);
    }
    count.sessions++;
    if (count.sessions === this.#limit) {
      this.#emit({ kind: "many-sessions", address, sessions: count.sessions, at });
    }
  }

  /**
   * Compares the client of a page view with the client that created the session. Ignores versions, because browsers
   * update themselves.
   */
  pageViewed(
    sessionId: string,
    created: ClientInfo | null,
    present: { readonly userAgent: string | undefined; readonly country: string | null },
  ): void {
    const { userAgent, country } = created ?? { userAgent: null, country: null };
    if (userAgent !== null && present.userAgent !== undefined && userAgent !== present.userAgent) {
      this.#compare(
        "changed-user-agent",
        sessionId,
        userAgentFamily(userAgent),
        userAgentFamily(present.userAgent),
      );
    }
    if (country !== null && present.country !== null) {
      this.#compare("changed-country", sessionId, country, present.country);
    }
  }

  #compare(
    kind: "changed-country" | "changed-user-agent",
    sessionId: string,
    before: string,
    now: string,
  ): void {
    if (before === now) return;
    const key = `${kind}:${sessionId}:${now}`;
    if (this.#seen.has(key)) return;
    this.#seen.set(key, true);
    this.#emit({ kind, sessionId, before, now, at: this.#clock.now() });
  }

  #emit(suspicion: Suspicion): void {
    this.#counts[suspicion.kind]++;
    try {
      this.events.emit("suspicious", suspicion);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error), { code: "COATCHECK_LISTENER" });
    }
  }
}
