import type { RequestClient } from "./binding.ts";
import type { CachedSession } from "./cached-session.ts";
import type { SessionDependencies } from "./dependencies.ts";
import { type DerivedSessions, derivedId } from "./derived.ts";
import type { MaybePromise } from "./maybe-promise.ts";
import type { Activity } from "./policy.ts";
import type { ReadResult } from "./reader.ts";
import { isSessionId, type SessionRecord } from "./record.ts";
import type { Refusal, SessionResumer } from "./resumer.ts";
import type { Session } from "./session.ts";
import { compactId } from "./token.ts";
import type { SessionWriter } from "./writer.ts";

/**
 * How many times a session can be continued after its idle timeout while one JWT, or another proof of login, is valid.
 */
const MAX_CONTINUATIONS = 16;

/**
 * How many continued sessions are remembered. Requests for a remembered session do not read the expired session from
 * the store again.
 */
const MAX_REMEMBERED_SESSIONS = 10_000;

/** A request to open a session without its token. */
export interface OpenRequest {
  /** The session's id. */
  readonly id: string;
  /** The subject that the caller has authenticated. */
  readonly subject: string;
  readonly activity: Activity;
  /** The request's client; null unless sessions are bound to the client that logged in. */
  readonly client: RequestClient | null;
}

/** A login, as a JWT or another proof describes it. */
export interface Login {
  readonly subject: string;
  readonly tenant: string | null;
}

/**
 * Opens sessions by id, for requests that were authenticated without the session's token, such as by a JWT.
 *
 * After the idle timeout of a session, a new session with the same subject, tenant and data continues it, until the
 * absolute timeout of the expired session. The id of the new session is derived from the expired session, so that
 * concurrent requests on all nodes get the same session. A session that was revoked, or that no longer exists, is never
 * continued.
 */
export class SessionOpener<Data> {
  readonly #writer: SessionWriter<Data>;
  readonly #deps: SessionDependencies<Data>;
  readonly #resumer: SessionResumer<Data>;
  readonly #derivedSessions: DerivedSessions<Data>;
  /** Maps the id of an expired session to the id of the newest session that continues it. */
  readonly #continuations = new Map<string, string>();

  constructor(
    writer: SessionWriter<Data>,
    deps: SessionDependencies<Data>,
    resumer: SessionResumer<Data>,
    derived: DerivedSessions<Data>,
  ) {
    this.#writer = writer;
    this.#deps = deps;
    this.#resumer = resumer;
    this.#derivedSessions = derived;
  }

  /** Implements `SessionManager.open`. Synchronous when the local cache has the session. */
  open(request: OpenRequest): MaybePromise<Session<Data> | Refusal> {
    const { id, subject } = request;
    if (!isSessionId(id)) return { refusal: "unknown" };
    const newest = this.#continuations.get(id) ?? id;
    const cached = this.#deps.reader.getCached(compactId(newest));
    if (cached && this.#isOpen(cached, subject))
      return this.#resumer.openWithoutToken(cached, "local", request);
    return this.#openThroughTiers(request, newest);
  }

  /** Implements `SessionManager.isRevoked`. Synchronous when the local cache has the session. */
  isRevoked(id: string, login: Login): MaybePromise<boolean> {
    if (!isSessionId(id)) return true;
    const newest = this.#continuations.get(id) ?? id;
    const cached = this.#deps.reader.getCached(compactId(newest));
    const isValid = cached && this.#isOpen(cached, login.subject) && cached.record.tenant === login.tenant;
    return isValid && cached.record.actor === null ? false : this.#isRevokedInStore(newest, login);
  }

  async #isRevokedInStore(id: string, { subject, tenant }: Login): Promise<boolean> {
    const { cached } = await this.#read(id, subject);
    if (cached === null || cached.record.state === "revoked") return true;
    if (cached.record.subject !== subject || cached.record.tenant !== tenant) return true;
    return !(await this.#resumer.hasValidActor(cached.record));
  }

  async #openThroughTiers(request: OpenRequest, newest: string): Promise<Session<Data> | Refusal> {
    const { subject } = request;
    const { clock } = this.#deps;
    let id = newest;
    for (let attempt = 0; attempt < MAX_CONTINUATIONS; attempt++) {
      const { cached, tier } = await this.#read(id, subject);
      if (cached === null) return { refusal: "unknown" };
      const { record } = cached;
      if (record.state === "revoked" || record.subject !== subject) return { refusal: "revoked" };
      this.#resumer.mergeActivity(cached);
      const now = clock.now();
      if (!cached.hasExpired(now)) return this.#resumer.openWithoutToken(cached, tier, request);
      // Never continue an impersonation, because the new session would belong to the subject, without the
      // administrator.
      if (now >= record.expiresAt || record.actor !== null) return { refusal: "expired", wasLoggedIn: true };
      id = await this.#findOrCreateContinuation(record, now);
      this.#rememberContinuation(request.id, id);
    }
    return { refusal: "expired", wasLoggedIn: true };
  }

  /**
   * Reads through the caches. Before a refusal it reads the store, because a cached copy may predate a login, or
   * activity on other nodes.
   */
  async #read(id: string, subject: string): Promise<ReadResult> {
    const { reader } = this.#deps;
    const found = await reader.read(id);
    if (found.tier === "store" || (found.cached && this.#isOpen(found.cached, subject))) return found;
    return await reader.read(id, { fresh: true });
  }

  /**
   * Creates the session that continues an expired session, unless another request has created it. Returns its id. Then
   * reads the expired session again. If it was revoked before the creation, that revocation did not include the new
   * session, so this method revokes the new session.
   */
  async #findOrCreateContinuation(record: SessionRecord, now: number): Promise<string> {
    const { reader } = this.#deps;
    // Only the store contains the hash. Without it, a leaked application secret would be enough to compute the new
    // token.
    const key = `continues:${record.id}:${record.secretHash}`;
    const id = derivedId(key);
    const { cached } = await reader.read(id);
    if (cached === null) await this.#createContinuingSession(key, record, now);
    const { cached: expired } = await reader.read(record.id, { fresh: true });
    if (expired?.record.state === "revoked") {
      await this.#writer.revoke({ session: id }, expired.record.reason ?? "revoked");
    }
    return id;
  }

  /** Creates the session that continues `record`, for the rest of its absolute timeout. */
  async #createContinuingSession(key: string, record: SessionRecord, now: number): Promise<void> {
    const { subject, tenant, visitorId, client, binding, metadata, rememberMe, idleTimeout } = record;
    await this.#derivedSessions.create(key, {
      ...(subject !== null && { subject }),
      ...(tenant !== null && { tenant }),
      ...(visitorId !== null && { visitorId }),
      ...(rememberMe !== null && { rememberMe }),
      client,
      binding,
      metadata,
      idleTimeout,
      absoluteTimeout: record.expiresAt - now,
      data: this.#deps.schema.readOrInitialData(record) as Data,
    });
  }

  #rememberContinuation(id: string, newest: string): void {
    const [oldest] = this.#continuations.keys();
    if (this.#continuations.size >= MAX_REMEMBERED_SESSIONS && oldest !== undefined)
      this.#continuations.delete(oldest);
    this.#continuations.set(id, newest);
  }

  #isOpen(cached: CachedSession, subject: string): boolean {
    const { record } = cached;
    return (
      record.state === "active" && record.subject === subject && !cached.hasExpired(this.#deps.clock.now())
    );
  }
}
