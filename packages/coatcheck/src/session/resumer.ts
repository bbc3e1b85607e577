import { type ActorSessionDependencies, readActorSession } from "./actor.ts";
import { type ClientChange, findClientChange, type RequestClient } from "./binding.ts";
import type { CachedSession } from "./cached-session.ts";
import { ClientGuard } from "./client-guard.ts";
import type { SessionDependencies } from "./dependencies.ts";
import type { RefusalReason } from "./events.ts";
import { recordFirstUse } from "./first-use.ts";
import type { MaybePromise } from "./maybe-promise.ts";
import type { Activity } from "./policy.ts";
import type { Tier } from "./reader.ts";
import type { SessionRecord } from "./record.ts";
import { Session } from "./session.ts";
import { noSessionFields, type SessionStart } from "./start.ts";
import {
  COMPACT_ID_LENGTH,
  constantTimeEqual,
  hashSecret,
  idOfToken,
  secretOfToken,
  TOKEN_LENGTH,
} from "./token.ts";
import type { PresentedToken, SecretCheck } from "./token-rules.ts";
import type { TouchQueue } from "./touch-queue.ts";
import type { SessionWriter } from "./writer.ts";

/**
 * The result for a token that opens no session. For `superseded` and `unavailable` the response must not change the
 * browser's cookie.
 */
export interface Refusal {
  readonly refusal: RefusalReason;
  /**
   * Set if a newer token has replaced the request's token. Only a login may use the session, and only a logout may end
   * it. Also set for an impersonation that has ended, so that the administrator can return to their own session.
   */
  readonly replaced?: { readonly record: SessionRecord; readonly token: string };
  /** Whether the token's session was logged in; null if the session is unknown. */
  readonly wasLoggedIn?: boolean | null;
}

/** The initial state of a handle whose session was found. */
type FoundStart = SessionStart & { readonly cached: CachedSession };

/** Opens the session of each request by its token. */
export class SessionResumer<Data> {
  readonly #writer: SessionWriter<Data>;
  readonly #deps: SessionDependencies<Data>;
  readonly #touches: TouchQueue;
  readonly #clients: ClientGuard<Data>;

  constructor(writer: SessionWriter<Data>, deps: SessionDependencies<Data>, touches: TouchQueue) {
    this.#writer = writer;
    this.#deps = deps;
    this.#touches = touches;
    this.#clients = new ClientGuard(writer, deps);
  }

  /** Implements `SessionManager.resume`. */
  resume(
    token: string,
    activity: Activity,
    client: RequestClient | null,
  ): MaybePromise<Session<Data> | Refusal> {
    if (typeof token !== "string" || token.length !== TOKEN_LENGTH)
      return this.#refuse(token ? "malformed" : "missing");
    const cached = this.#deps.reader.getCached(token.slice(0, COMPACT_ID_LENGTH));
    if (cached) {
      const now = this.#deps.clock.now();
      const hash = hashSecret(secretOfToken(token));
      if (
        cached.currentHash !== null &&
        !cached.hasExpired(now) &&
        constantTimeEqual(cached.currentHash, hash)
      ) {
        // Written inline, without a helper function, because this path runs for every request and allocates only this
        // object.
        const start: FoundStart = {
          cached,
          presentedToken: token,
          isOlderToken: false,
          replaced: null,
          successorToken: null,
          refusal: null,
          activity,
          client,
          tier: "local",
          assurance: "full",
          newSession: noSessionFields,
        };
        return this.#admit(start, now);
      }
    }
    if (!this.#deps.ring.hasValidSeal(token)) return this.#refuse("forged");
    return this.#resumeThroughTiers(token, activity, client);
  }

  /** Implements `SessionManager.resumeDegraded`. */
  resumeDegraded(token: string, maxAge: number, client: RequestClient | null): Session<Data> | null {
    const { ring, reader, clock, tokens, schema } = this.#deps;
    if (!ring.hasValidSeal(token)) return null;
    const cached = reader.getStale(token.slice(0, COMPACT_ID_LENGTH), maxAge);
    if (!cached || schema.read(cached.record) === null) return null;
    // An impersonation is valid only while the administrator's own session is valid. This copy does not show whether it
    // is.
    if (cached.record.actor !== null) return null;
    // The policy `revoke` needs the store. Under `step-up` the copy is enough, because it has no elevations.
    if (client !== null && findClientChange(cached.record, client)?.action === "revoke") return null;
    const now = clock.now();
    if (cached.record.state === "revoked" || cached.hasExpired(now)) return null;
    if (tokens.check(cached.record, hashSecret(secretOfToken(token)), now) !== "current") return null;
    return new Session(this.#writer, this.#deps, {
      cached,
      presentedToken: token,
      isOlderToken: false,
      replaced: null,
      successorToken: null,
      refusal: null,
      activity: "none",
      client,
      tier: "local",
      assurance: "degraded",
      newSession: noSessionFields,
    });
  }

  /** Opens a session that was found by its id, without its token. The handle has no elevations and issues no token. */
  openWithoutToken(
    cached: CachedSession,
    tier: Tier,
    { activity, client }: { readonly activity: Activity; readonly client: RequestClient | null },
  ): MaybePromise<Session<Data> | Refusal> {
    const start: FoundStart = {
      cached,
      presentedToken: null,
      isOlderToken: true,
      replaced: null,
      successorToken: null,
      refusal: null,
      activity,
      client,
      tier,
      assurance: "full",
      newSession: noSessionFields,
    };
    return this.#admit(start, this.#deps.clock.now());
  }

  /** Returns whether the actor's own session is valid. True for a session without an actor. */
  async hasValidActor({ actor }: SessionRecord): Promise<boolean> {
    return actor === null || (await readActorSession(this.#actorSource, actor)) !== null;
  }

  /** Adds the activity that this process has queued but not yet written to the store. */
  mergeActivity(cached: CachedSession): void {
    cached.mergeLastSeen(this.#touches.queuedAt(cached.record.id));
  }

  async #resumeThroughTiers(
    token: string,
    activity: Activity,
    client: RequestClient | null,
  ): Promise<Session<Data> | Refusal> {
    const { reader, clock, events, tokens } = this.#deps;
    const id = idOfToken(token);
    const presented = tokens.parse(token);
    let { cached, tier } = await reader.read(id);
    let check = cached && this.#check(cached, presented.hash);
    // Read the store before a refusal, because a cached copy may predate the token.
    if (check !== "current" && check !== "older" && tier !== "store") {
      ({ cached, tier } = await reader.read(id, { fresh: true }));
      check = cached && this.#check(cached, presented.hash);
    }
    if (!cached || !check) return this.#refuse("unknown", { id });
    if (check === "current") {
      if (activity !== "none")
        cached = await recordFirstUse(cached, presented, this.#deps, this.#writer.privileges);
      // A login, step-up or revocation may have changed the session since it was read: check the token again.
      check = this.#check(cached, presented.hash);
    }
    const { record } = cached;
    switch (check) {
      case "current":
      case "older": {
        const isOlderToken = check === "older";
        const start: FoundStart = {
          cached,
          presentedToken: token,
          isOlderToken,
          replaced: null,
          successorToken: isOlderToken ? this.#findSuccessorToken(record, presented) : null,
          refusal: null,
          activity,
          client,
          tier,
          assurance: "full",
          newSession: noSessionFields,
        };
        return this.#admit(start, clock.now());
      }
      case "superseded":
        return { ...this.#refuse("superseded", record), replaced: { record, token } };
      case "replaced":
        // The token was replaced longer ago than `tokenOverlap`. It is refused as unknown, but a login may still use
        // its session.
        return { ...this.#refuse("unknown", record), replaced: { record, token } };
      case "reused":
        await this.#writer.revoke({ session: id }, "token-reuse");
        events.publish("token-reuse", { record });
        return this.#refuse("token-reuse", record);
      default: {
        const refused = this.#refuse(check, record);
        const holdsImpersonation =
          record.actor !== null && tokens.check(record, presented.hash, clock.now()) === "current";
        // The browser of an ended impersonation may still return to the administrator's own session.
        return holdsImpersonation ? { ...refused, replaced: { record, token } } : refused;
      }
    }
  }

  /** Returns the validity of a secret, or the reason why its session has ended. */
  #check(cached: CachedSession, hash: string): SecretCheck | "revoked" | "expired" {
    const now = this.#deps.clock.now();
    if (cached.record.state === "revoked") return "revoked";
    this.mergeActivity(cached);
    return cached.hasExpired(now) ? "expired" : this.#deps.tokens.check(cached.record, hash, now);
  }

  #admit(start: FoundStart, now: number): MaybePromise<Session<Data> | Refusal> {
    const { cached } = start;
    if (this.#deps.schema.read(cached.record) === null) return this.#refuse("expired", cached.record);
    const { client } = start;
    const change = client && findClientChange(cached.record, client);
    if (client !== null && change !== null) return this.#admitChangedClient(start, client, change);
    return cached.record.actor === null ? this.#open(start, now) : this.#openImpersonation(start, now);
  }

  /** Opens the session for another client than the login's, if the policy allows it. */
  async #admitChangedClient(
    start: FoundStart,
    client: RequestClient,
    change: ClientChange,
  ): Promise<Session<Data> | Refusal> {
    const admitted = await this.#clients.apply(start, client, change);
    if (typeof admitted === "string") return this.#refuse(admitted, start.cached.record);
    const now = this.#deps.clock.now();
    return admitted.cached.record.actor === null
      ? this.#open(admitted, now)
      : await this.#openImpersonation(admitted, now);
  }

  /** Opens an impersonation, if the actor's own session is valid. Records activity in both sessions. */
  async #openImpersonation(start: FoundStart, now: number): Promise<Session<Data> | Refusal> {
    const { record } = start.cached;
    const actorSession = record.actor && (await readActorSession(this.#actorSource, record.actor));
    if (!actorSession) {
      await this.#writer.revoke({ session: record.id }, "revoked");
      const { presentedToken: token } = start;
      return { ...this.#refuse("revoked", record), ...(token !== null && { replaced: { record, token } }) };
    }
    if (start.activity === "user" && actorSession.recordActivity(now)) {
      this.#touches.add(actorSession.record.id, now, actorSession.record.idleTimeout);
    }
    return this.#open(start, now);
  }

  get #actorSource(): ActorSessionDependencies {
    return { ...this.#deps, touchedAt: (id) => this.#touches.queuedAt(id) };
  }

  #open(start: FoundStart, now: number): Session<Data> {
    const { cached, activity } = start;
    if (activity === "user" && cached.recordActivity(now)) {
      this.#touches.add(cached.record.id, now, cached.record.idleTimeout);
    }
    return new Session(this.#writer, this.#deps, start);
  }

  /**
   * Returns the new token for a client that still uses the older token of a periodic rotation. Null once the new token
   * has been used.
   */
  #findSuccessorToken(record: SessionRecord, presented: PresentedToken): string | null {
    const { tokens, ring, clock } = this.#deps;
    if (record.tokenUsedAt !== null) return null;
    const change = { purpose: "periodic", presented, subject: record.subject, now: clock.now() } as const;
    const secret = tokens.reissueSecret(record, change);
    return secret && ring.seal(record.id, secret);
  }

  /** @param target the token's session; undefined if unknown. */
  #refuse(
    refusal: RefusalReason,
    target?: { readonly id: string; readonly subject?: string | null },
  ): Refusal {
    if (this.#deps.events.hasListeners("refused"))
      this.#deps.events.publish("refused", { reason: refusal, id: target?.id ?? null });
    return { refusal, wasLoggedIn: target?.subject === undefined ? null : target.subject !== null };
  }
}
