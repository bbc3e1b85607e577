import { CoatcheckError, type CreateOptions, type Session } from "coatcheck";
import { sessionOf } from "coatcheck/fastify";
import type { FastifyRequest } from "fastify";
import { TOKEN_LENGTH } from "./config.ts";
import type { Credentials, Principal } from "./credentials.ts";

/** Who asks. Neither principal nor stored session: nobody in particular. */
export interface Caller {
  /** The admin or API consumer whose key the request carries. */
  readonly principal: Principal | null;
  /** The session whose token the request carries, as cookie or bearer; a new handle where it carries none that opens. */
  readonly session: Session;
  /** Whether the session's token, where there is one, came as a cookie, so that a new one must leave as a cookie. */
  readonly hasCookie: boolean;
}

/** One space, as the library reads it: what only one of the two took for a token would be half cookie, half bearer. */
const SCHEME = /^bearer (\S+)$/i;

/**
 * Finds out who asks. A key and a cookie may come together: an application that logs a browser in sends its own API
 * key with the browser's cookie.
 */
export class Callers {
  readonly #credentials: Credentials;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /** The admin or API consumer, if the request carries such a key. */
  principalOf(request: FastifyRequest): Principal | null {
    const credential = SCHEME.exec(request.headers.authorization ?? "")?.[1];
    return credential === undefined ? null : this.#credentials.find(credential);
  }

  /**
   * Who asks for something that exists.
   *
   * @throws CoatcheckError `SESSION_REQUIRED`, `SESSION_EXPIRED`, `SESSION_REVOKED` or `CONFLICT` for a token that
   * opens nothing.
   */
  async of(request: FastifyRequest): Promise<Caller> {
    const caller = await this.#identify(request);
    if (caller.principal === null && caller.session.refusal !== null) {
      await sessionOf(request).requireSession();
    }
    return caller;
  }

  /**
   * Who asks for a new session, which is to be born so. A browser whose cookie opens nothing any more is a new browser;
   * a bearer token must open something.
   */
  async creating(request: FastifyRequest, birth: CreateOptions): Promise<Caller> {
    const caller = await this.#identify(request, birth);
    if (!caller.hasCookie && caller.principal === null && caller.session.refusal !== null) {
      await sessionOf(request).requireSession();
    }
    return caller;
  }

  async #identify(request: FastifyRequest, birth: CreateOptions = {}): Promise<Caller> {
    const { authorization } = request.headers;
    const principal = this.principalOf(request);
    const credential = SCHEME.exec(authorization ?? "")?.[1];
    if (authorization !== undefined && principal === null && credential?.length !== TOKEN_LENGTH) {
      throw new CoatcheckError(
        "SESSION_REQUIRED",
        "What the Authorization header carries is not known here.",
      );
    }
    const session = await sessionOf(request).load({ birth });
    if (session.record !== null) request.log = request.log.child({ sessionId: session.id });
    return { principal, session, hasCookie: principal !== null || authorization === undefined };
  }
}
