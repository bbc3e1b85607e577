import { channel } from "node:diagnostics_channel";
import { EventEmitter } from "node:events";
import type { ErrorCode } from "./errors.ts";
import { requireOneOf } from "./known-options.ts";
import type { RevokeReason, SessionRecord } from "./record.ts";
import type { Actor } from "./recorded-actor.ts";
import type { RevocationScope } from "./store.ts";

/**
 * Why a token was refused. `superseded`: an older token, whose secret has been rotated away. `token-reuse`: an older token that
 * was used after the rotation grace. `unavailable`: the store did not respond, so the token could not be checked.
 * `withheld`: there was no token, but `SameSite` may have kept the browser from sending the one that it holds.
 */
export type RefusalReason =
  | "missing"
  | "malformed"
  | "forged"
  | "unknown"
  | "expired"
  | "revoked"
  | "superseded"
  | "token-reuse"
  | "unavailable"
  | "withheld";

/** The operation of a `failed` event. */
export type FailedOperation =
  | "touch"
  | "merge"
  | "migrate"
  | "confirm"
  | "rotate"
  | "late-token"
  | "late-data"
  | "visit";

/** Session events and their payloads. Each describes what this process did; other processes emit their own. */
export interface SessionEvents {
  created: [{ record: SessionRecord }];
  authenticated: [{ record: SessionRecord; previousSubject: string | null }];
  elevated: [{ record: SessionRecord; scope: string }];
  rotated: [{ record: SessionRecord }];
  /** `actor` impersonates the subject of `record` from now on. */
  "impersonation-started": [{ record: SessionRecord; actor: Actor }];
  /** The actor has returned to their own session. An impersonation that ends otherwise emits no event of its own. */
  "impersonation-stopped": [{ record: SessionRecord; actor: Actor }];
  changed: [{ record: SessionRecord }];
  revoked: [{ scope: RevocationScope; reason: RevokeReason; count: number }];
  /** A rotated secret was used after its grace, so two parties hold it. The session has been revoked. */
  "token-reuse": [{ record: SessionRecord }];
  /** `id` is null when the token's seal was not verified: its id cannot be trusted. */
  refused: [{ reason: RefusalReason; id: string | null }];
  /**
   * The CSRF checks rejected a request: `FORBIDDEN` for a cross-origin request, `CSRF_MISSING` or `CSRF_INVALID` for its
   * token. `origin` and `host` are what the request carried, null for an absent header. `path` has no query.
   */
  "request-rejected": [
    { code: ErrorCode; method: string; path: string; origin: string | null; host: string | null },
  ];
  /**
   * An operation failed whose error may reach no handler. Those in the background are retried later or safe to skip.
   * `migrate`: stored data could not be migrated, and `DataOptions.onUnreadable` applies. `late-token`: a login, elevation or
   * rotation after the response headers were sent, which threw `CONFLICT`. `late-data`: data that was assigned after them
   * and not saved. `visit`: the visit of a page view was not stored with its session.
   */
  failed: [{ operation: FailedOperation; error: unknown }];
}

const channels = {
  created: channel("coatcheck:created"),
  authenticated: channel("coatcheck:authenticated"),
  elevated: channel("coatcheck:elevated"),
  rotated: channel("coatcheck:rotated"),
  "impersonation-started": channel("coatcheck:impersonation-started"),
  "impersonation-stopped": channel("coatcheck:impersonation-stopped"),
  changed: channel("coatcheck:changed"),
  revoked: channel("coatcheck:revoked"),
  "token-reuse": channel("coatcheck:token-reuse"),
  refused: channel("coatcheck:refused"),
  "request-rejected": channel("coatcheck:request-rejected"),
  failed: channel("coatcheck:failed"),
};

/**
 * Emits session events to listeners and to `diagnostics_channel` (`coatcheck:created`, …). A listener that throws or
 * rejects causes a process warning with the code `COATCHECK_LISTENER`; it never fails the request.
 */
export class SessionEmitter extends EventEmitter<SessionEvents> {
  /** Whether the event has a listener or channel subscriber. The hot path checks this before it builds a message. */
  hasListeners(name: keyof SessionEvents): boolean {
    return this.listenerCount(name) > 0 || channels[name].hasSubscribers;
  }

  /** Emits one event. */
  publish<Name extends keyof SessionEvents>(name: Name, message: SessionEvents[Name][0]): void {
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

const EVENTS = Object.keys(channels);
/** Events that Node itself listens to: `once` of `node:events` waits for `error` too. */
const NODE_EVENTS = ["error", "newListener", "removeListener"];

/** Refuses a listener of an event that is never emitted. Defined like this to keep the typed signatures of Node. */
for (const method of ["on", "addListener"] as const) {
  const add = EventEmitter.prototype[method];
  Object.defineProperty(SessionEmitter.prototype, method, {
    value(this: SessionEmitter, name: string | symbol, listener: () => void): SessionEmitter {
      if (!NODE_EVENTS.includes(String(name))) requireOneOf("listener", "the event", name, EVENTS);
      Reflect.apply(add, this, [name, listener]);
      return this;
    },
  });
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error), { code: "COATCHECK_LISTENER" });
}
