import { ownerOfActor } from "./actor.ts";
import type { IssuedSession, SessionDependencies } from "./dependencies.ts";
import { CoatcheckError } from "./errors.ts";
import { type KnownOptions, requireKnownOptions } from "./known-options.ts";
import type { RevokeReason, SessionRecord } from "./record.ts";
import { forbidWhileImpersonating, type RecordedActor } from "./recorded-actor.ts";
import type { RecordedBinding } from "./recorded-binding.ts";
import { warnOfShortDurations } from "./short-durations.ts";
import type { RevocationScope } from "./store.ts";
import { requireStrings, withoutUndefined } from "./strings.ts";
import { hashSecret, newSecret, newSessionId, secretOfToken } from "./token.ts";
import { refusalError, tokenSupersededError } from "./token-errors.ts";
import type { PresentedToken } from "./token-rules.ts";
import type { CreateOptions } from "./transitions.ts";
import { describeValue, usageError } from "./usage-error.ts";

const MINUTE = 60_000;
const DEFAULT_IMPERSONATION_AGE = 60 * MINUTE;
/** The longest impersonation, in milliseconds. */
const MAX_IMPERSONATION_AGE = 12 * 60 * MINUTE;
/** The maximum number of sessions on one page of `SessionStore.list`. */
const MAX_PAGE_SIZE = 1000;

/** Options of `Session.impersonate`. `reason` is required. */
export interface ImpersonateOptions {
  /**
   * Why the administrator impersonates the subject, such as a support ticket: 1 to 1024 bytes. Stored with the session,
   * and part of each event.
   */
  readonly reason: string;
  /** Milliseconds until the impersonation ends, at most 12 hours. Default: one hour. */
  readonly maxAge?: number;
  /** The subject's tenant. Default: none. */
  readonly tenant?: string;
}

const IMPERSONATE_OPTIONS = {
  reason: true,
  maxAge: true,
  tenant: true,
} satisfies KnownOptions<ImpersonateOptions>;

/** Checks the arguments of `impersonate`. Throws `UsageError`; `VALIDATION_FAILED` for an empty subject or reason. */
export function requireImpersonateArguments(subject: string, options: ImpersonateOptions): void {
  const input = "options of impersonate()";
  requireKnownOptions(input, options, IMPERSONATE_OPTIONS);
  const { reason, maxAge = DEFAULT_IMPERSONATION_AGE, tenant } = options;
  requireStrings({ subject, reason, ...withoutUndefined({ tenant }) });
  warnOfShortDurations(input, "lifetime", { maxAge });
  if (typeof maxAge === "number" && maxAge > 0 && maxAge <= MAX_IMPERSONATION_AGE) return;
  const message = `must be a number of milliseconds, more than 0 and at most 12 hours (got ${describeValue(maxAge)})`;
  throw usageError(input, [{ path: "maxAge", message }]);
}

/** The methods of {@link SessionWriter} that impersonations use. */
interface ImpersonationWriter {
  create(
    session: CreateOptions & {
      readonly id: string;
      readonly secret: string;
      readonly actor: RecordedActor;
      readonly binding: RecordedBinding | null;
    },
  ): Promise<IssuedSession>;
  revoke(scope: RevocationScope, reason: RevokeReason): Promise<number>;
}

/**
 * Begins and stops impersonations. An impersonation is a session in which an administrator acts for another subject.
 *
 * The administrator's own session does not change and keeps its token. The new session stores that token, encrypted
 * with a key that is derived from the new token. So only the browser with the new token can return to the
 * administrator's session. A lost response does no harm. If the response that begins the impersonation is lost, the
 * browser still has the administrator's token. If the response that stops the impersonation is lost, the browser can
 * repeat the request and receives the same token.
 */
export class Impersonations<Data> {
  readonly #writer: ImpersonationWriter;
  readonly #deps: SessionDependencies<Data>;

  constructor(writer: ImpersonationWriter, deps: SessionDependencies<Data>) {
    this.#writer = writer;
    this.#deps = deps;
  }

  /**
   * Creates the session of the impersonation.
   *
   * @param own the administrator's session.
   * @param token the token of the administrator's session.
   * @throws CoatcheckError `SESSION_REQUIRED` while anonymous; `FORBIDDEN` while impersonating; `VALIDATION_FAILED` for
   *   the administrator's own subject; `CONFLICT` for an invalid token; `SESSION_REVOKED`, `SESSION_EXPIRED`.
   */
  async begin(
    own: SessionRecord | null,
    token: string | null,
    subject: string,
    { reason, maxAge = DEFAULT_IMPERSONATION_AGE, tenant }: ImpersonateOptions,
  ): Promise<IssuedSession> {
    const { random, ring, clock, events } = this.#deps;
    const { record, by } = await this.#requireActor(own, token, subject);
    const now = clock.now();
    const id = newSessionId(random);
    const secret = newSecret(random);
    const actor: RecordedActor = {
      subject: by,
      reason,
      sessionId: record.id,
      sessionExpiresAt: record.expiresAt,
      returnToken: ring.encrypt(encryptionContextOf(id, record.id, secret), token ?? "", random),
    };
    const issued = await this.#writer.create({
      id,
      secret,
      actor,
      subject,
      owner: ownerOfActor(by),
      client: record.client,
      binding: record.binding,
      idleTimeout: record.idleTimeout,
      absoluteTimeout: Math.min(maxAge, record.expiresAt - now),
      ...(record.rememberMe !== null && { rememberMe: record.rememberMe }),
      ...(tenant !== undefined && { tenant }),
    });
    events.publish("impersonation-started", { record: issued.record, actor });
    return issued;
  }

  /**
   * Ends an impersonation and returns to the administrator's session. Also accepts an impersonation that has already
   * ended. Ends every other impersonation that the administrator's session has begun: their responses were lost.
   *
   * @returns the administrator's session, with its present token.
   * @throws CoatcheckError `SESSION_REVOKED`, `SESSION_EXPIRED` or `SESSION_REQUIRED` when the administrator has to log
   *   in again; the impersonation has ended nevertheless.
   */
  async stop(
    impersonated: SessionRecord,
    actor: RecordedActor,
    presented: PresentedToken | null,
  ): Promise<IssuedSession> {
    const { reader, ring, tokens, clock, events } = this.#deps;
    const context = encryptionContextOf(impersonated.id, actor.sessionId, presented?.secret ?? "");
    const token = ring.decrypt(context, actor.returnToken);
    if (token === null) throw refusalError(null);
    await this.#endAll(actor);
    events.publish("impersonation-stopped", { record: impersonated, actor });
    const { cached } = await reader.read(actor.sessionId, { fresh: true });
    const record = cached?.record ?? null;
    if (cached === null || record === null || record.state === "revoked") throw refusalError("revoked");
    if (cached.hasExpired(clock.now())) throw refusalError("expired");
    const mayReturn =
      record.subject === actor.subject && tokens.mayWrite(record, secretHashOfToken(token), clock.now());
    if (!mayReturn) throw refusalError(null);
    return { record, token };
  }

  async #endAll({ subject, sessionId }: RecordedActor): Promise<void> {
    const filter = { owner: ownerOfActor(subject), state: "active", liveAt: this.#deps.clock.now() } as const;
    const { records } = await this.#deps.store.list(filter, { limit: MAX_PAGE_SIZE });
    for (const { id, actor } of records) {
      if (actor?.sessionId === sessionId) await this.#writer.revoke({ session: id }, "logout");
    }
  }

  /**
   * Reads the administrator's session from the store, because an administrator who has just been logged out must not
   * impersonate.
   */
  async #requireActor(
    own: SessionRecord | null,
    token: string | null,
    subject: string,
  ): Promise<{ record: SessionRecord; by: string }> {
    const { reader, tokens, clock } = this.#deps;
    if (own === null || own.subject === null) throw new CoatcheckError("SESSION_REQUIRED", "Log in first.");
    forbidWhileImpersonating(own, "impersonate another subject; stop first");
    if (own.subject === subject) {
      throw usageError("call of impersonate()", [
        { path: "subject", message: "must not be the session's own subject" },
      ]);
    }
    const { cached } = await reader.read(own.id, { fresh: true });
    const record = cached?.record;
    if (!record || record.state === "revoked") throw refusalError("revoked");
    if (clock.now() >= record.expiresAt) throw refusalError("expired");
    const isHolder = token !== null && tokens.mayWrite(record, secretHashOfToken(token), clock.now());
    if (!isHolder || record.subject !== own.subject) throw tokenSupersededError();
    return { record, by: own.subject };
  }
}

function secretHashOfToken(token: string): string {
  return hashSecret(secretOfToken(token));
}

function encryptionContextOf(id: string, actorSession: string, secret: string): readonly string[] {
  return ["return token", id, actorSession, secret];
}
