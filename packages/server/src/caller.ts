import { CoatcheckError, type CreateOptions, isSessionId, type Session } from "coatcheck";
import { sessionOf } from "coatcheck/fastify";
import type { FastifyRequest } from "fastify";
import { TOKEN_LENGTH } from "./config.ts";
import type { Credentials, Principal } from "./credentials.ts";
import { LIMITS, RateLimiter, type RequestLimits } from "./rate-limiter.ts";

/** The sender of a request. Without a principal and without a stored session, the sender is unknown. */
export interface Caller {
  /** The admin or API consumer whose key the request carries. */
  readonly principal: Principal | null;
  /** The session whose token the request carries, as cookie or bearer. A new handle if there is no valid token. */
  readonly session: Session;
  /** Whether the session's token came as a cookie, so that a new token must be sent as a cookie too. */
  readonly hasCookie: boolean;
}

/**
 * Exactly one space, as in the library's parser. If the two disagreed, one request would count as bearer here and as
 * cookie there.
 */
const BEARER = /^bearer (\S+)$/i;

/**
 * Authenticates requests. A request may carry a key and a cookie: an application that logs a browser in sends its API
 * key together with the browser's cookie.
 */
export class Authenticator {
  readonly #credentials: Credentials;
  readonly #sessionLimiter: RateLimiter;

  constructor(credentials: Credentials, { session }: Pick<RequestLimits, "session"> = LIMITS) {
    this.#credentials = credentials;
    this.#sessionLimiter = new RateLimiter(session, "Too many requests of this session; try again later.");
  }

  /** The admin or API consumer whose key the request carries; null without one. */
  findPrincipal(request: FastifyRequest): Principal | null {
    const credential = BEARER.exec(request.headers.authorization ?? "")?.[1];
    return credential === undefined ? null : this.#credentials.find(credential);
  }

  /**
   * Authenticates a request for something that exists. A token whose session was never logged in and has expired, or has
   * been swept, counts as none: the response is then that for a session that does not exist.
   *
   * @throws CoatcheckError `SESSION_REQUIRED`, `SESSION_EXPIRED`, `SESSION_REVOKED` or `CONFLICT` if the token is
   * invalid. `RATE_LIMITED` if the session has sent too many requests.
   */
  async authenticate(request: FastifyRequest): Promise<Caller> {
    return await this.#requireValid(request, await this.#identify(request));
  }

  /**
   * Authenticates a request that ends the session `id`. A token of that session suffices even if a newer one has replaced it:
   * the browser may hold no other one. Throws the same errors as {@link authenticate}.
   */
  async authenticateForEnd(request: FastifyRequest, id: string): Promise<Caller> {
    const caller = await this.#identify(request);
    const holdsOlderToken = caller.principal === null && caller.session.replacedId === id;
    return holdsOlderToken ? caller : await this.#requireValid(request, caller);
  }

  async #requireValid(request: FastifyRequest, caller: Caller): Promise<Caller> {
    const { refusal } = caller.session;
    if (caller.principal !== null || refusal === null || refusal === "unknown") return caller;
    try {
      await sessionOf(request).requireSession();
    } catch (error) {
      if (!(error instanceof CoatcheckError && error.code === "SESSION_NOT_FOUND")) throw error;
    }
    return caller;
  }

  /**
   * Authenticates a request for a new session. A browser with an invalid cookie counts as a new browser; a bearer token
   * must be valid.
   *
   * @param newSession fields of the session that this request creates if the browser has none.
   * @throws CoatcheckError for an invalid bearer token, with the codes of {@link authenticate}.
   */
  async authenticateForCreate(request: FastifyRequest, newSession: CreateOptions): Promise<Caller> {
    const caller = await this.#identify(request, newSession);
    if (!caller.hasCookie && caller.principal === null && caller.session.refusal !== null) {
      await sessionOf(request).requireSession();
    }
    return caller;
  }

  async #identify(request: FastifyRequest, newSession: CreateOptions = {}): Promise<Caller> {
    const { authorization } = request.headers;
    const principal = this.findPrincipal(request);
    const credential = BEARER.exec(authorization ?? "")?.[1];
    if (authorization !== undefined && principal === null && credential?.length !== TOKEN_LENGTH) {
      throw new CoatcheckError("SESSION_REQUIRED", "Unknown credential in the Authorization header.");
    }
    const session = await sessionOf(request).load({ newSession });
    if (session.record !== null) request.log = request.log.child({ sessionId: session.id });
    const caller = { principal, session, hasCookie: principal !== null || authorization === undefined };
    const key = limitKey(caller, request.params);
    if (key !== null) this.#sessionLimiter.count(key);
    return caller;
  }
}

/**
 * The session whose requests count: the caller's own, or the one in the URL for a consumer. It includes the consumer's
 * name, because a session id is public, and a stranger must not use up another caller's requests. Nor must the holder of an
 * older token, who may be one, so those requests count apart. Null for the admin.
 */
function limitKey({ principal, session }: Caller, params: unknown): string | null {
  if (principal === null) {
    if (session.record !== null) return session.id;
    return session.replacedId === null ? null : `older ${session.replacedId}`;
  }
  if (principal.kind === "admin") return null;
  const id = typeof params === "object" && params !== null && "sessionId" in params ? params.sessionId : null;
  return isSessionId(id) ? `${principal.name} ${id}` : null;
}
