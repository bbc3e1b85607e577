import type { Activity } from "../session/policy.ts";
import { Session } from "../session/session.ts";
import { refusalError } from "../session/token-errors.ts";
import type { JwtIdentity } from "./jwt-verifier.ts";
import type { HttpRequest } from "./message.ts";
import { type PresentedTokens, readTokens } from "./read-tokens.ts";
import type { HttpContext } from "./resolved.ts";

/** The session tokens and the JWT of one request. Reads them once, at their first use. */
export class RequestCredentials<Data> {
  readonly #http: HttpContext<Data>;
  readonly #request: HttpRequest;
  #presented: PresentedTokens | null = null;
  #jwt: Promise<JwtIdentity> | null = null;

  constructor(http: HttpContext<Data>, request: HttpRequest) {
    this.#http = http;
    this.#request = request;
  }

  get presented(): PresentedTokens {
    const { cookie, manager, options } = this.#http;
    this.#presented ??= readTokens(this.#request, {
      cookie,
      ring: manager.ring,
      acceptsJwts: options.jwt !== undefined,
    });
    return this.#presented;
  }

  /** Implements `RequestSession.jwt`. */
  async jwt(): Promise<JwtIdentity | null> {
    const { jwt: verifier } = this.#http.options;
    const { jwt } = this.presented;
    if (!verifier || jwt === null) return null;
    this.#jwt ??= verifier.verify(jwt);
    return await this.#jwt;
  }

  /** Implements `RequestSession.requireJwt`. */
  async requireJwt(): Promise<JwtIdentity> {
    const identity = await this.jwt();
    if (identity === null) throw refusalError(null);
    return identity;
  }

  /**
   * Opens the session of the request's JWT. Throws for an invalid JWT instead of opening an anonymous session, because
   * the client expects to be logged in.
   */
  async openByJwt(activity: Activity): Promise<Session<Data>> {
    const { sessionId, subject } = await this.requireJwt();
    const found = await this.#http.manager.open(sessionId, subject, activity);
    if (found instanceof Session) return found;
    throw refusalError(found.refusal, found.wasLoggedIn ?? true);
  }
}
