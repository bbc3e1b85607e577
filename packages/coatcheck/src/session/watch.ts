import type { RefusalReason } from "./events.ts";
import { findOlderSecret } from "./older-secrets.ts";
import type { SessionRecord } from "./record.ts";

/** Why a watch ended. */
export type WatchEnd = Extract<RefusalReason, "revoked" | "expired" | "superseded">;

/** Receives the events of a watched session. The methods must not throw. */
export interface WatchListener {
  /**
   * Called once, when the session has ended for the watching client. No other call follows. `superseded`: the session
   * is still valid, but a login, an elevation or a rotation has replaced the watching client's token.
   */
  onEnd(reason: WatchEnd): void;
  /**
   * Called with the newest record after each change by this process, and after each check. A check also passes
   * `endsAt`: when the session ends without further activity, epoch milliseconds. Without this method, the watcher
   * reads the store less often.
   */
  onRecord?(record: SessionRecord, endsAt: number | undefined): void;
}

/** A watched session, with all its watches. */
export interface WatchedSession {
  /** The compact id, which is the session's key in the caches. */
  readonly key: string;
  /** The newest record that the watcher knows. */
  record: SessionRecord;
  readonly watches: Set<Watch>;
  isChecking: boolean;
}

/** Watches one session for one client. Knows the token of that client. */
export class Watch {
  readonly #listener: WatchListener;
  readonly #isWriting: () => boolean;
  readonly #remove: () => void;
  #secretHash: string;
  #subject: string | null;

  constructor(
    { secretHash, subject }: SessionRecord,
    listener: WatchListener,
    isWriting: () => boolean,
    remove: () => void,
  ) {
    this.#secretHash = secretHash;
    this.#subject = subject;
    this.#listener = listener;
    this.#isWriting = isWriting;
    this.#remove = remove;
  }

  /** Whether the listener receives changes, in addition to the end. */
  get receivesChanges(): boolean {
    return this.#listener.onRecord !== undefined;
  }

  /** Continues with the token of `record`, which a request of the watching client has issued. */
  follow({ secretHash, subject }: SessionRecord): void {
    this.#secretHash = secretHash;
    this.#subject = subject;
  }

  /** Reports a changed record. Ends the watch if another client has replaced the token. */
  report(record: SessionRecord, endsAt: number | undefined): void {
    if (this.#isSameClient(record)) this.#secretHash = record.secretHash;
    if (record.secretHash === this.#secretHash) this.#listener.onRecord?.(record, endsAt);
    // While a request of the watching client writes, it may have issued the new token and not yet called `follow`.
    else if (!this.#isWriting()) this.end("superseded");
  }

  /**
   * Whether the new token belongs to the same client. It does if the watched token stayed valid after its replacement.
   */
  #isSameClient({ subject, olderSecrets }: SessionRecord): boolean {
    const older = findOlderSecret(olderSecrets, this.#secretHash);
    return older !== null && older.validUntil > older.replacedAt && subject === this.#subject;
  }

  /** Stops watching, and reports the end. */
  end(reason: WatchEnd): void {
    this.stop();
    this.#listener.onEnd(reason);
  }

  /** Stops watching. */
  stop(): void {
    this.#remove();
  }
}
