import { CoatcheckError, type CreateOptions, isSessionId, type Session } from "coatcheck";
import { sessionOf } from "coatcheck/fastify";
import type { FastifyRequest } from "fastify";
import { TOKEN_LENGTH } from "./config.ts";
import type { Credentials, Principal } from "./credentials.ts";
import { DEFAULT_LIMITS, RateLimiter, type RequestLimits } from "./rate-limiter.ts";

/** The sender of a request. The sender is unknown if there is neither a principal nor a stored session. */
export interface Caller {
  /** The admin or API consumer whose key the request carries. */
  readonly principal: Principal | null;
  /**
   * The session whose token the request carries, as cookie or bearer token. A new, unsaved session if there is no valid
   * token.
   */
  readonly session: Session;
  /** Whether the session's token came as a cookie, so that a new token must be sent as a cookie too. */
  readonly hasCookie: boolean;
}

/**
 * Requires exactly one space, like the library's parser. Otherwise one request could be a bearer request for the
 * service and a cookie request for the library.
 */
const BEARER_PATTERN = /^bearer (\S+)$/i;

/**
 * Authenticates requests. A request may carry both a key and a cookie: an application logs a browser in by sending its
 * API key together with the browser's cookie.
 */
export class Authenticator {
  readonly #credentials: Credentials;
  readonly #sessionLimiter: RateLimiter;

  constructor(credentials: Credentials, { session }: Pick<RequestLimits, "session"> = DEFAULT_LIMITS) {
    this.#credentials = credentials;
    this.#sessionLimiter = new RateLimiter(session, "Too many requests of this session; try again later.");
  }

  /** Returns the admin or API consumer whose key the request carries. Null without a valid key. */
  findPrincipal(request: FastifyRequest): Principal | null {
    const credential = BEARER_PATTERN.exec(request.headers.authorization ?? "")?.[1];
    return credential === undefined ? null : this.#credentials.find(credential);
  }

  /**
   * Authenticates a request for an existing resource. A token is treated as missing if its session was anonymous and
   * has expired, or if its session has been deleted. The response is then the same as for a session that does not
   * exist.
   *
   * @throws CoatcheckError `SESSION_REQUIRED`, `SESSION_EXPIRED`, `SESSION_REVOKED` or `CONFLICT` if the token is
   * invalid. `RATE_LIMITED` if the session has sent too many requests.
   */
  async authenticate(request: FastifyRequest): Promise<Caller> {
    return await this.#requireValid(request, await this.#identify(request));
  }

  /**
   * Authenticates a request that ends the session `id`. An older token of that session is accepted too, because the
   * browser may not have received the newer token. Throws the same errors as {@link authenticate}.
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
   * Authenticates a request for a new session. A browser with an invalid cookie is treated as a new browser. A bearer
   * token must be valid.
   *
   * @param newSession fields of the session that is created if the browser has no session.
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
    const credential = BEARER_PATTERN.exec(authorization ?? "")?.[1];
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
 * Returns the key under which the rate limiter counts a request. For an API consumer, it is the consumer's name with
 * the id of the session in the URL. The name is included because session ids are public: another caller must not use up
 * the consumer's limit. For other callers, it is the id of their session. Requests with an older token have a separate
 * key, because that token may be stolen. Returns null for the admin, whose requests are not limited.
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
