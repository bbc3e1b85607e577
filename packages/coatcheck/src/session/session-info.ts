import type { RefusalReason } from "./events.ts";
import type { Tier } from "./reader.ts";
import type { SessionRecord, SessionType } from "./record.ts";
import type { Assurance, SessionStart } from "./start.ts";

/** What a request can read of its session: who it is, and how its token was judged. */
export abstract class SessionInfo {
  readonly #start: SessionStart;

  constructor(start: SessionStart) {
    this.#start = start;
  }

  abstract get id(): string;

  abstract get record(): SessionRecord | null;

  /** Whether this session is not stored yet. */
  get isNew(): boolean {
    return this.record === null;
  }

  /** Why the request's token was refused; null when it was accepted, and when there was none. */
  get refusal(): RefusalReason | null {
    return this.#start.refusal;
  }

  /** The tier that answered; null for a new session. */
  get tier(): Tier | null {
    return this.#start.tier;
  }

  /** `degraded` during an outage, on a route that allows it. A sensitive handler should then refuse. */
  get assurance(): Assurance {
    return this.#start.assurance;
  }

  get type(): SessionType {
    return this.record?.type ?? "anonymous";
  }

  /** The user or customer id that the session is logged in as; null while anonymous. */
  get subject(): string | null {
    return this.record?.subject ?? null;
  }

  get tenant(): string | null {
    return this.record?.tenant ?? null;
  }

  /** The latest known activity, epoch milliseconds; null for a new session. */
  get lastSeenAt(): number | null {
    return this.record && Math.max(this.record.lastSeenAt, this.#start.cached?.lastSeenAt ?? 0);
  }
}
