import { channel } from "node:diagnostics_channel";
import { EventEmitter } from "node:events";
import type { ClientChange, UnusualLogin } from "./binding.ts";
import type { ErrorCode } from "./errors.ts";
import { requireOneOf } from "./known-options.ts";
import type { RevokeReason, SessionRecord } from "./record.ts";
import type { Actor } from "./recorded-actor.ts";
import type { RevocationScope } from "./store.ts";

/**
 * Why a token was refused. `superseded`: a newer token replaced this token less than `tokenOverlap` ago. `token-reuse`:
 * the older token of a periodic rotation, used after its validity ended. `client-changed`: the request came from
 * another client than the login. `unavailable`: the store did not respond, so the token could not be checked.
 * `withheld`: there was no token, but `SameSite` may have kept the browser from sending its session cookie.
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
  | "client-changed"
  | "unavailable"
  | "withheld";

/** The operation of a `failed` event. */
export type FailedOperation =
  | "touch"
  | "merge"
  | "migrate"
  | "confirm"
  | "rotate"
  | "commit"
  | "late-token"
  | "late-data"
  | "revoked-data"
  | "outage-data"
  | "visit"
  | "unusual-login";

/** Session events and their payloads. Each process emits events for its own actions only. */
export interface SessionEvents {
  created: [{ record: SessionRecord }];
  authenticated: [{ record: SessionRecord; previousSubject: string | null }];
  elevated: [{ record: SessionRecord; scope: string }];
  rotated: [{ record: SessionRecord }];
  /** `actor` impersonates the subject of `record` from now on. */
  "impersonation-started": [{ record: SessionRecord; actor: Actor }];
  /**
   * The administrator has returned to their own session. An impersonation that ends in another way does not emit this
   * event.
   */
  "impersonation-stopped": [{ record: SessionRecord; actor: Actor }];
  changed: [{ record: SessionRecord }];
  revoked: [{ scope: RevocationScope; reason: RevokeReason; count: number }];
  /** A rotated secret was used after its validity ended, so two clients have it. The session has been revoked. */
  "token-reuse": [{ record: SessionRecord }];
  /**
   * A request came from another client than the session's login, and `change.action` is the action that the option
   * `binding` takes. Emitted once for each client, not for each request.
   */
  "client-changed": [{ record: SessionRecord; change: ClientChange }];
  /** A login from a browser and operating system that none of the subject's earlier sessions has. */
  "new-device": [{ record: SessionRecord; login: UnusualLogin }];
  /** A login from a country that none of the subject's earlier sessions has. */
  "new-country": [{ record: SessionRecord; login: UnusualLogin }];
  /** `id` is null for a token without a valid signature, because the id in such a token cannot be trusted. */
  refused: [{ reason: RefusalReason; id: string | null }];
  /**
   * The CSRF checks rejected a request. `FORBIDDEN`: a cross-origin request. `CSRF_MISSING` and `CSRF_INVALID`: a
   * missing or invalid CSRF token. `origin` and `host` are the headers of the request, null for an absent header.
   * `path` does not contain the query.
   */
  "request-rejected": [
    { code: ErrorCode; method: string; path: string; origin: string | null; host: string | null },
  ];
  /**
   * An operation failed, and its error may not reach a handler. Operations in the background are retried later or can
   * be skipped. `migrate`: stored data could not be migrated, and `DataOptions.onUnreadable` applies. `commit`: a
   * mistake of the program, such as data that is not JSON, kept the session from being saved; the response was 500.
   * `late-token`: a login, elevation or rotation after the response headers were sent; it threw `CONFLICT`.
   * `late-data`: data that was assigned after the response headers were sent, and was not saved. `revoked-data`: data
   * that was assigned after the session was revoked, and was not saved. `outage-data`: data that was assigned under the
   * outage policy `anonymous`, and was not saved. `visit`: the visit of a page view was not stored with its session.
   * `unusual-login`: a login was not compared with earlier ones, or `onUnusualLogin` failed.
   */
  failed: [{ operation: FailedOperation; error: unknown }];
}

const diagnosticsChannels = {
  created: channel("coatcheck:created"),
  authenticated: channel("coatcheck:authenticated"),
  elevated: channel("coatcheck:elevated"),
  rotated: channel("coatcheck:rotated"),
  "impersonation-started": channel("coatcheck:impersonation-started"),
  "impersonation-stopped": channel("coatcheck:impersonation-stopped"),
  changed: channel("coatcheck:changed"),
  revoked: channel("coatcheck:revoked"),
  "token-reuse": channel("coatcheck:token-reuse"),
  "client-changed": channel("coatcheck:client-changed"),
  "new-device": channel("coatcheck:new-device"),
  "new-country": channel("coatcheck:new-country"),
  refused: channel("coatcheck:refused"),
  "request-rejected": channel("coatcheck:request-rejected"),
  failed: channel("coatcheck:failed"),
};

/**
 * Emits session events to listeners and to `diagnostics_channel` (`coatcheck:created`, …). A listener that throws or
 * rejects causes a process warning with the code `COATCHECK_LISTENER`; it never fails the request.
 */
export class SessionEmitter extends EventEmitter<SessionEvents> {
  /**
   * Whether the event has a listener or a channel subscriber. Code that runs for every request checks this before it
   * creates an event's payload.
   */
  hasListeners(name: keyof SessionEvents): boolean {
    return this.listenerCount(name) > 0 || diagnosticsChannels[name].hasSubscribers;
  }

  /** Emits one event. */
  publish<Name extends keyof SessionEvents>(name: Name, message: SessionEvents[Name][0]): void {
    diagnosticsChannels[name].publish(message);
    for (const listener of this.rawListeners(name)) {
      try {
        const result: unknown = Reflect.apply(listener, this, [message]);
        if (result instanceof Promise) result.catch(warnOfListenerError);
      } catch (error) {
        warnOfListenerError(error);
      }
    }
  }
}

const EVENT_NAMES = Object.keys(diagnosticsChannels);
/**
 * The names of Node's own events. Listeners for them are allowed, because Node adds some itself: `once` of
 * `node:events`, for example, also listens for `error`.
 */
const NODE_EVENT_NAMES = ["error", "newListener", "removeListener"];

/** Rejects a listener for an unknown event name. Defined on the prototype to keep the typed signatures of Node. */
for (const method of ["on", "addListener"] as const) {
  const add = EventEmitter.prototype[method];
  Object.defineProperty(SessionEmitter.prototype, method, {
    value(this: SessionEmitter, name: string | symbol, listener: () => void): SessionEmitter {
      if (!NODE_EVENT_NAMES.includes(String(name))) requireOneOf("listener", "the event", name, EVENT_NAMES);
      Reflect.apply(add, this, [name, listener]);
      return this;
    },
  });
}

function warnOfListenerError(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error), { code: "COATCHECK_LISTENER" });
}
