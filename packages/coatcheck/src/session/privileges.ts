import type { RequestClient } from "./binding.ts";
import type { HandleState } from "./commit.ts";
import type { CommitOptions, Committer } from "./committer.ts";
import type { IssuedSession, SessionDependencies } from "./dependencies.ts";
import { CoatcheckError } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import { LoginData } from "./login-data.ts";
import { mergeFlash } from "./pending-changes.ts";
import { requireDurations } from "./policy.ts";
import { isLive, type SessionRecord } from "./record.ts";
import { forbidWhileImpersonating } from "./recorded-actor.ts";
import { warnOfShortDurations } from "./short-durations.ts";
import type { SessionStart } from "./start.ts";
import { requireStrings, withoutUndefined } from "./strings.ts";
import { meansSessionEnded, tokenSupersededError } from "./token-errors.ts";
import type { PresentedToken, SecretReplacement } from "./token-rules.ts";
import {
  type AuthenticateOptions,
  withChanges,
  withElevation,
  withLogin,
  withProofRequired,
} from "./transitions.ts";
import { reportUnusualLogin } from "./unusual-login.ts";
import type { CommittedChange, WriteQueues } from "./write-queue.ts";

/** Describes a login. */
export interface LoginRequest {
  readonly subject: string;
  readonly options: AuthenticateOptions;
  /** The token that the request presented; null for a login by session id, without a token. */
  readonly presented: PresentedToken | null;
  /**
   * Applies the changes that the request made to the data before the login. Used only if the request's token is
   * current.
   */
  readonly change?: ((data: JsonObject) => JsonObject) | null;
  readonly flash?: JsonObject | null;
  /** The client to which the session is bound. Default: none. */
  readonly client?: RequestClient | null;
}

/** A step-up. */
export interface ElevationRequest {
  readonly scope: string;
  /** Milliseconds. */
  readonly maxAge: number;
  /** The token that the request presented; null for a step-up by session id, without a token. */
  readonly presented: PresentedToken | null;
  /** The client to which the session is bound. Default: none. */
  readonly client?: RequestClient | null;
}

/** A session with its new token. */
export interface LoginResult extends IssuedSession {
  /**
   * Whether the request's changes were stored. False when a repeated request received the token of an earlier request.
   */
  readonly hasStoredChanges: boolean;
}

/** A changed record, and the secret for its new token. */
interface TokenChange {
  readonly record: SessionRecord;
  readonly secret: string;
}

/**
 * Changes the privileges of a session and issues a new token. Each change runs alone in the session's write queue. It
 * checks the token of its own request again, because a request with an older token must not act with the rights of the
 * newer token.
 */
export class PrivilegeWriter<Data> {
  readonly #deps: SessionDependencies<Data>;
  readonly #committer: Committer<Data>;
  readonly #queues: WriteQueues<Data>;
  readonly #evict: (session: string) => Promise<unknown>;

  constructor(
    deps: SessionDependencies<Data>,
    committer: Committer<Data>,
    queues: WriteQueues<Data>,
    evict: (session: string) => Promise<unknown>,
  ) {
    this.#deps = deps;
    this.#committer = committer;
    this.#queues = queues;
    this.#evict = evict;
  }

  /**
   * Returns the session that a login can use: the session of the handle or, if it has none, the session to which the
   * request's replaced token belongs. Null if that session has ended, because a login never uses an ended session.
   */
  async findLoginTarget(
    own: SessionRecord | null,
    { cached, replaced }: Pick<SessionStart, "cached" | "replaced">,
    state: HandleState,
  ): Promise<SessionRecord | null> {
    const { clock } = this.#deps;
    if (own === null)
      return state !== "revoked" && replaced && isLive(replaced, clock.now()) ? replaced : null;
    if (!cached?.hasExpired(clock.now())) return own;
    try {
      return await this.#committer.requireLive(own.id, { fresh: true });
    } catch (error) {
      if (meansSessionEnded(error)) return null;
      throw error;
    }
  }

  /**
   * Logs a session in. Also accepts an older token, because a lost response can leave the browser with one.
   *
   * @returns null when the session cannot be used: it has ended, or another subject's login replaced the older token.
   *   The caller then creates a new session.
   * @throws CoatcheckError `CONFLICT` when the session limit rejects the login; `VALIDATION_FAILED`.
   */
  async authenticate(from: SessionRecord, login: LoginRequest): Promise<LoginResult | null> {
    const { subject, options, presented, client } = login;
    requireStrings({ subject, ...withoutUndefined({ tenant: options.tenant }) });
    const loginData = new LoginData(this.#deps, subject);
    let hasStoredChanges = true;
    let canJoin = true;
    const step = async (current: SessionRecord): Promise<TokenChange> => {
      const replacement = this.#createReplacement(current, "login", presented, { subject });
      const reissued = this.#deps.tokens.reissueSecret(current, replacement);
      hasStoredChanges = reissued === null;
      if (reissued !== null) return { record: current, secret: reissued };
      const isCurrent = this.#isCurrent(current, presented);
      canJoin = current.actor === null && (isCurrent || current.subject === subject);
      if (!canJoin) return { record: current, secret: "" };
      return await this.#logIn(current, login, loginData, isCurrent);
    };
    try {
      const options = { limit: this.#deps.policy.sessionLimit, evict: this.#evict };
      const issued = await this.#commit(from, options, step);
      if (!canJoin) return null;
      if (hasStoredChanges) {
        const { record } = issued;
        this.#deps.events.publish("authenticated", { record, previousSubject: from.subject });
        if (client) reportUnusualLogin(this.#deps, { record, previous: from, client });
      }
      return { ...issued, hasStoredChanges };
    } catch (error) {
      if (presented && meansSessionEnded(error)) return null;
      throw error;
    }
  }

  /**
   * Adds an elevation for `maxAge` milliseconds. Throws `SESSION_REQUIRED` while anonymous, `FORBIDDEN` while
   * impersonating, `CONFLICT` for an invalid token.
   */
  async elevate(
    from: SessionRecord,
    { scope, maxAge, presented, client = null }: ElevationRequest,
  ): Promise<IssuedSession> {
    requireStrings({ scope });
    requireDurations({ maxAge });
    warnOfShortDurations("call of elevate()", "grace", { maxAge });
    const { tokens } = this.#deps;
    forbidWhileImpersonating(from, scope);
    const issued = await this.#commit(from, {}, (current) => {
      const replacement = this.#createReplacement(current, "elevate", presented, { scope });
      const reissued = tokens.reissueSecret(current, replacement);
      if (reissued !== null) return { record: current, secret: reissued };
      this.#requireValid(current, presented);
      if (current.subject === null) throw new CoatcheckError("SESSION_REQUIRED", "Log in first.");
      const { secret, fields } = tokens.replaceSecret(current, { ...replacement, older: "keep" });
      const elevations = tokens.elevationsFor(current, presented);
      const { now } = replacement;
      const elevation = { scope, until: now + maxAge, token: fields, elevations, client, now };
      return { record: withElevation(current, elevation), secret };
    });
    this.#deps.events.publish("elevated", { record: issued.record, scope });
    return issued;
  }

  /**
   * Replaces the token. Unless the session is anonymous, the older token becomes invalid at once. Throws the same
   * errors as {@link elevate}.
   */
  async rotate(from: SessionRecord, presented: PresentedToken | null): Promise<IssuedSession> {
    const { tokens } = this.#deps;
    forbidWhileImpersonating(from, "replace the token");
    const issued = await this.#commit(from, {}, (current) => {
      const replacement = this.#createReplacement(current, "rotate", presented, {});
      const reissued = current.subject === null ? tokens.reissueSecret(current, replacement) : null;
      if (reissued !== null) return { record: current, secret: reissued };
      this.#requireValid(current, presented);
      const older = current.subject === null ? "keep" : "invalidate";
      const { secret, fields } = tokens.replaceSecret(current, { ...replacement, older });
      const elevations = tokens.elevationsFor(current, presented);
      return { record: withChanges(current, { ...fields, elevations }), secret };
    });
    this.#deps.events.publish("rotated", { record: issued.record });
    return issued;
  }

  /** Performs a periodic rotation. Concurrent requests with the same token receive the same new token. */
  async rotatePeriodically(from: SessionRecord, presented: PresentedToken): Promise<IssuedSession> {
    const { tokens } = this.#deps;
    const issued = await this.#commit(from, {}, (current) => {
      const replacement = this.#createReplacement(current, "periodic", presented, {});
      const reissued = tokens.reissueSecret(current, replacement);
      if (reissued !== null) return { record: current, secret: reissued };
      if (!this.#isCurrent(current, presented)) throw tokenSupersededError();
      const { secret, fields } = tokens.replaceSecret(current, { ...replacement, older: "keep" });
      return { record: withChanges(current, fields), secret };
    });
    this.#deps.events.publish("rotated", { record: issued.record });
    return issued;
  }

  /**
   * Ends every elevation, and requires a new proof of the user's identity.
   *
   * @param isNeeded returns whether the newest record needs the proof.
   * @returns the newest record, and whether this call has changed it.
   */
  async requireProof(
    from: SessionRecord,
    isNeeded: (latest: SessionRecord) => boolean,
  ): Promise<CommittedChange> {
    const { clock } = this.#deps;
    let isApplied = false;
    const record = await this.#queues.runAlone(from, (latest) =>
      this.#committer.commit(latest, { kind: "privilege" }, (current) => {
        isApplied = isNeeded(current);
        return isApplied ? withProofRequired(current, clock.now()) : current;
      }),
    );
    return { record, isApplied };
  }

  /** Records the first use of the present token. Older tokens become invalid one `tokenOverlap` later. */
  async recordFirstUse(from: SessionRecord, presented: PresentedToken): Promise<SessionRecord> {
    const { tokens, clock } = this.#deps;
    const hasValidOlder = from.olderSecrets.some(({ validUntil }) => validUntil > clock.now());
    // If older tokens become invalid, the change goes to the revocation log, so that other nodes learn of it soon.
    const kind = hasValidOlder ? "privilege" : "data";
    return await this.#queues.runAlone(from, (latest) =>
      this.#committer.commit(latest, { kind }, (current) => {
        if (!tokens.awaitsFirstUse(current) || !this.#isCurrent(current, presented)) return current;
        return withChanges(current, tokens.withFirstUse(current, clock.now()));
      }),
    );
  }

  /**
   * Runs alone in the session's write queue. Calls `step` with the newest record, stores the record that `step`
   * returns, and issues a token with that record's secret.
   */
  async #commit(
    from: SessionRecord,
    options: Omit<CommitOptions, "kind">,
    step: (current: SessionRecord) => TokenChange | Promise<TokenChange>,
  ): Promise<IssuedSession> {
    let secret = "";
    const record = await this.#queues.runAlone(from, (latest) =>
      this.#committer.commit(latest, { kind: "privilege", ...options }, async (current) => {
        const result = await step(current);
        secret = result.secret;
        return result.record;
      }),
    );
    return { record, token: this.#deps.ring.seal(record.id, secret) };
  }

  async #logIn(
    current: SessionRecord,
    { subject, options, presented, change, flash, client = null }: LoginRequest,
    loginData: LoginData<Data>,
    isCurrent: boolean,
  ): Promise<TokenChange> {
    const { tokens, policy } = this.#deps;
    const isSameSubject = current.subject === subject;
    const older = isSameSubject && options.strict !== true ? "keep" : "invalidate";
    const replacement = this.#createReplacement(current, "login", presented, { subject });
    const { secret, fields } = tokens.replaceSecret(current, { ...replacement, older });
    const { now } = replacement;
    const record = withLogin(current, { subject, token: fields, options, policy, client, now });
    const changed =
      isCurrent && flash ? { flash: mergeFlash(current.flash, flash, policy.maxDataBytes) } : {};
    const before = isCurrent && change ? this.#applyChange(current, change) : current;
    return { record: { ...record, ...changed, ...(await loginData.dataAfterLogin(before)) }, secret };
  }

  /** Adds the data that the request assigned before its login. Does not change data that a newer deployment wrote. */
  #applyChange(record: SessionRecord, change: (data: JsonObject) => JsonObject): SessionRecord {
    const { schema } = this.#deps;
    if (schema.isNewer(record)) return record;
    const data = schema.check(change((schema.read(record) ?? {}) as JsonObject));
    return { ...record, data, dataVersion: schema.versionOnWrite(record) };
  }

  #createReplacement(
    record: SessionRecord,
    purpose: SecretReplacement["purpose"],
    presented: PresentedToken | null,
    { subject = record.subject, scope = "" }: { subject?: string | null; scope?: string },
  ): Omit<SecretReplacement, "older"> {
    return { purpose, presented, subject, scope, now: this.#deps.clock.now() };
  }

  #isCurrent(record: SessionRecord, presented: PresentedToken | null): boolean {
    if (presented === null) return true;
    return this.#deps.tokens.check(record, presented.hash, this.#deps.clock.now()) === "current";
  }

  #requireValid(record: SessionRecord, presented: PresentedToken | null): void {
    if (presented === null) return;
    if (!this.#deps.tokens.mayWrite(record, presented.hash, this.#deps.clock.now()))
      throw tokenSupersededError();
  }
}
