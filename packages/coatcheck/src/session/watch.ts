import type { RefusalReason } from "./events.ts";
import { findOlderSecret } from "./older-secrets.ts";
import type { SessionRecord } from "./record.ts";

/** Why a watch ended. */
export type WatchEnd = Extract<RefusalReason, "revoked" | "expired" | "superseded">;

/** Receives the events of a watched session. The methods must not throw. */
export interface SessionObserver {
  /**
   * Called once, when the session has ended for the watching client; nothing follows. `superseded`: the session lives on,
   * but a login, an elevation or a rotation has replaced the token that the watch started with.
   */
  ended(reason: WatchEnd): void;
  /**
   * Called with the newest record: after each change by this process, and after each check. A check also passes the time
   * at which the session ends without further activity, epoch milliseconds. An observer without this method costs fewer
   * reads.
   */
  seen?(record: SessionRecord, endsAt: number | undefined): void;
}

/** A session with its watches, inside a watcher. */
export interface WatchedSession {
  /** The compact id, by which caches find the session. */
  readonly key: string;
  /** The newest record that the watcher knows. */
  record: SessionRecord;
  readonly watches: Set<Watch>;
  isChecking: boolean;
}

/** One client's watch of one session. Knows which token the client has. */
export class Watch {
  readonly #observer: SessionObserver;
  readonly #isWriting: () => boolean;
  readonly #remove: () => void;
  #secretHash: string;
  #subject: string | null;

  constructor(
    { secretHash, subject }: SessionRecord,
    observer: SessionObserver,
    isWriting: () => boolean,
    remove: () => void,
  ) {
    this.#secretHash = secretHash;
    this.#subject = subject;
    this.#observer = observer;
    this.#isWriting = isWriting;
    this.#remove = remove;
  }

  /** Whether the observer wants to know of changes, besides the end. */
  get seesChanges(): boolean {
    return this.#observer.seen !== undefined;
  }

  /** Continues with the token of `record`, which the watching client has issued itself. */
  follow({ secretHash, subject }: SessionRecord): void {
    this.#secretHash = secretHash;
    this.#subject = subject;
  }

  /** Reports a record; ends the watch when another client has replaced the token. */
  see(record: SessionRecord, endsAt: number | undefined): void {
    if (this.#isSameClient(record)) this.#secretHash = record.secretHash;
    if (record.secretHash === this.#secretHash) this.#observer.seen?.(record, endsAt);
    // While the client writes, the new token may be its own, which it has not yet received to follow.
    else if (!this.#isWriting()) this.end("superseded");
  }

  /** Whether the watched token stayed valid after its replacement: the new one then belongs to the same client. */
  #isSameClient({ subject, olderSecrets }: SessionRecord): boolean {
    const older = findOlderSecret(olderSecrets, this.#secretHash);
    return older !== null && older.validUntil > older.replacedAt && subject === this.#subject;
  }

  /** Reports the end and stops. */
  end(reason: WatchEnd): void {
    this.stop();
    this.#observer.ended(reason);
  }

  /** Stops watching. */
  stop(): void {
    this.#remove();
  }
}
