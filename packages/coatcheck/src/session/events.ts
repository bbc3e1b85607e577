import { channel } from "node:diagnostics_channel";
import { EventEmitter } from "node:events";
import type { RevokeReason, SessionRecord } from "./record.ts";
import type { RevocationScope } from "./store.ts";

/**
 * Why a token opened nothing. `superseded`: it was genuine, and the browser has been given a newer one. `unavailable`:
 * nobody could say, because the store did not answer.
 */
export type RefusalReason =
  | "missing"
  | "malformed"
  | "forged"
  | "unknown"
  | "expired"
  | "revoked"
  | "superseded"
  | "theft"
  | "unavailable";

/** What happens to sessions, with what each listener is told. */
export interface SessionEvents {
  created: [{ record: SessionRecord }];
  authenticated: [{ record: SessionRecord; previousSubject: string | null }];
  elevated: [{ record: SessionRecord; scope: string }];
  rotated: [{ record: SessionRecord }];
  changed: [{ record: SessionRecord }];
  revoked: [{ scope: RevocationScope; reason: RevokeReason; count: number }];
  /** A secret was used after its successor: somebody else holds it. The session has been revoked. */
  theft: [{ record: SessionRecord }];
  /** `id` is null where the token named none that could be trusted. */
  refused: [{ reason: RefusalReason; id: string | null }];
  /**
   * Something failed that no caller was waiting for; what was to be done is tried again or harmless. `migrate`: a stored
   * session's data could not be read, and what `onUnreadable` says happens.
   */
  failed: [{ operation: "touch" | "merge" | "migrate" | "confirm" | "rotate"; error: unknown }];
}

const channels = {
  created: channel("coatcheck:created"),
  authenticated: channel("coatcheck:authenticated"),
  elevated: channel("coatcheck:elevated"),
  rotated: channel("coatcheck:rotated"),
  changed: channel("coatcheck:changed"),
  revoked: channel("coatcheck:revoked"),
  theft: channel("coatcheck:theft"),
  refused: channel("coatcheck:refused"),
  failed: channel("coatcheck:failed"),
};

/**
 * Tells listeners and `diagnostics_channel` (`coatcheck:created`, …) what happened. A listener that throws or
 * rejects becomes a process warning: it cannot undo what it was told of, nor fail the request that did it.
 */
export class SessionEmitter extends EventEmitter<SessionEvents> {
  /** Whether anybody listens; spares the hot path from making the message. */
  wants(name: keyof SessionEvents): boolean {
    return this.listenerCount(name) > 0 || channels[name].hasSubscribers;
  }

  /** Tells everybody. */
  tell<Name extends keyof SessionEvents>(name: Name, message: SessionEvents[Name][0]): void {
    channels[name].publish(message);
    for (const listener of this.rawListeners(name)) {
      try {
        const result: unknown = Reflect.apply(listener, this, [message]);
        if (result instanceof Promise) result.catch(warn);
      } catch (error) {
        warn(error);
      }
    }
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error), { code: "COATCHECK_LISTENER" });
}
