import { CachedSession } from "./cached-session.ts";
import type { SessionDependencies } from "./dependencies.ts";
import type { RefusalReason } from "./events.ts";
import type { Activity } from "./policy.ts";
import type { SessionRecord } from "./record.ts";
import { type MaybePromise, Session } from "./session.ts";
import { noFields, type SessionStart } from "./start.ts";
import {
  COMPACT_ID_LENGTH,
  constantTimeEqual,
  hashSecret,
  idOfToken,
  secretOfToken,
  TOKEN_LENGTH,
} from "./token.ts";
import type { TouchQueue } from "./touch-queue.ts";
import type { SessionWriter } from "./writer.ts";

/** The result of a refused token. After `superseded` and `unavailable` the response must not change the browser's cookie. */
export interface Refusal {
  readonly refusal: RefusalReason;
}

/** The start of a handle whose session was found. */
type FoundStart = SessionStart & { readonly cached: CachedSession };

/** Opens sessions by token, once for every request. */
export class SessionResumer<Data> {
  readonly #writer: SessionWriter<Data>;
  readonly #deps: SessionDependencies<Data>;
  readonly #touches: TouchQueue;

  constructor(writer: SessionWriter<Data>, deps: SessionDependencies<Data>, touches: TouchQueue) {
    this.#writer = writer;
    this.#deps = deps;
    this.#touches = touches;
  }

  /** Implements `SessionManager.resume`. */
  resume(token: string, activity: Activity): MaybePromise<Session<Data> | Refusal> {
    if (typeof token !== "string" || token.length !== TOKEN_LENGTH)
      return this.#refuse(token ? "malformed" : "missing", null);
    const cached = this.#deps.reader.getCached(token.slice(0, COMPACT_ID_LENGTH));
    if (cached) {
      const now = this.#deps.clock.now();
      const hash = hashSecret(secretOfToken(token));
      if (
        cached.currentHash !== null &&
        !cached.hasExpired(now) &&
        constantTimeEqual(cached.currentHash, hash)
      ) {
        // Built here instead of passed as arguments: a hit allocates this object in any case.
        const start: FoundStart = {
          cached,
          presentedToken: token,
          successorToken: null,
          refusal: null,
          activity,
          tier: "local",
          assurance: "full",
          newSession: noFields,
        };
        return this.#admit(start, now);
      }
    }
    if (!this.#deps.ring.hasValidSeal(token)) return this.#refuse("forged", null);
    return this.#resumeThroughTiers(token, activity);
  }

  /** Implements `SessionManager.resumeDegraded`. */
  resumeDegraded(token: string, maxAge: number): Session<Data> | null {
    const { ring, reader, clock, policy, schema } = this.#deps;
    if (!ring.hasValidSeal(token)) return null;
    const cached = reader.getStale(token.slice(0, COMPACT_ID_LENGTH), maxAge);
    if (!cached || schema.read(cached.record) === null) return null;
    const check = checkSecret(cached, hashSecret(secretOfToken(token)), clock.now(), policy.rotationGrace);
    if (check !== "current") return null;
    return new Session(this.#writer, this.#deps, {
      cached,
      presentedToken: token,
      successorToken: null,
      refusal: null,
      activity: "none",
      tier: "local",
      assurance: "degraded",
      newSession: noFields,
    });
  }

  async #resumeThroughTiers(token: string, activity: Activity): Promise<Session<Data> | Refusal> {
    const { reader, clock, events, policy } = this.#deps;
    const id = idOfToken(token);
    const hash = hashSecret(secretOfToken(token));
    let { cached, tier } = await reader.read(id);
    let check = cached && checkSecret(this.#withTouch(cached), hash, clock.now(), policy.rotationGrace);
    // Only the store may cause a refusal: a cached copy may predate the token.
    if (check !== "current" && tier !== "store") {
      ({ cached, tier } = await reader.read(id, { fresh: true }));
      check = cached && checkSecret(this.#withTouch(cached), hash, clock.now(), policy.rotationGrace);
    }
    if (!cached || !check) return this.#refuse("unknown", id);
    switch (check) {
      case "current":
      case "previous": {
        const isCurrent = check === "current";
        const start: FoundStart = {
          cached: isCurrent ? await this.#confirm(cached, activity) : cached,
          presentedToken: isCurrent ? token : null,
          successorToken: isCurrent ? null : this.#successor(cached.record, token),
          refusal: null,
          activity,
          tier,
          assurance: "full",
          newSession: noFields,
        };
        return this.#admit(start, clock.now());
      }
      case "token-reuse":
        await this.#writer.revoke({ session: id }, "token-reuse");
        events.publish("token-reuse", { record: cached.record });
        return this.#refuse("token-reuse", id);
      default:
        return this.#refuse(check, id);
    }
  }

  #admit(start: FoundStart, now: number): Session<Data> | Refusal {
    const { cached, activity } = start;
    if (this.#deps.schema.read(cached.record) === null) return this.#refuse("expired", cached.record.id);
    if (activity === "user" && cached.recordActivity(now)) {
      this.#touches.add(cached.record.id, now, cached.record.idleTimeout);
    }
    return new Session(this.#writer, this.#deps, start);
  }

  /** Adds the queued touch, which the store does not know of yet. */
  #withTouch(cached: CachedSession): CachedSession {
    cached.mergeLastSeen(this.#touches.queuedAt(cached.record.id));
    return cached;
  }

  /** Records the first use of the new secret after a periodic rotation: the grace of the older token starts now. */
  async #confirm(cached: CachedSession, activity: Activity): Promise<CachedSession> {
    const { record } = cached;
    if (record.previousSecretHash === null || record.confirmedAt !== null || activity === "none")
      return cached;
    try {
      const confirmed = new CachedSession({
        record: await this.#writer.confirmRotation(record),
        position: cached.position,
      });
      confirmed.inheritActivity(cached);
      return confirmed;
    } catch (error) {
      this.#deps.events.publish("failed", { operation: "confirm", error });
      return cached;
    }
  }

  /** The token to send to a client with an older token; null when the new one is in use already. */
  #successor(record: SessionRecord, token: string): string | null {
    if (record.confirmedAt !== null) return null;
    const secret = this.#deps.ring.findSuccessor(record.id, secretOfToken(token), record.secretHash);
    return secret && this.#deps.ring.seal(record.id, secret);
  }

  #refuse(refusal: RefusalReason, id: string | null): Refusal {
    if (this.#deps.events.hasListeners("refused"))
      this.#deps.events.publish("refused", { reason: refusal, id });
    return { refusal };
  }
}

/**
 * The result of checking a secret. `current`: the session's present secret. `previous`: the secret before a periodic
 * rotation, still accepted. Every other value is the reason to refuse the token.
 */
export type SecretCheck =
  | "current"
  | "previous"
  | Extract<RefusalReason, "expired" | "revoked" | "superseded" | "token-reuse">;

/**
 * Checks a token's secret, and both timeouts, against a session. Runs on every read, whichever tier the copy came from.
 *
 * @param secretHash SHA-256 of the token's secret, base64url.
 * @param now epoch milliseconds.
 * @param grace how long the previous secret is accepted after the new one was first used, milliseconds. It covers requests
 *   that were sent before the response with the new token arrived. A later use means that two parties hold the secret.
 */
export function checkSecret(
  cached: CachedSession,
  secretHash: string,
  now: number,
  grace: number,
): SecretCheck {
  const { record } = cached;
  if (record.state === "revoked") return "revoked";
  if (cached.hasExpired(now)) return "expired";
  if (constantTimeEqual(record.secretHash, secretHash)) return "current";
  if (record.previousSecretHash === null || !constantTimeEqual(record.previousSecretHash, secretHash))
    return "superseded";
  return record.confirmedAt === null || now < record.confirmedAt + grace ? "previous" : "token-reuse";
}
