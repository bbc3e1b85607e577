import type { RequestClient } from "../session/binding.ts";
import type { Activity } from "../session/policy.ts";
import { Session } from "../session/session.ts";
import { TOKEN_LENGTH } from "../session/token.ts";
import { refusalError } from "../session/token-errors.ts";
import type { JwtIdentity } from "./jwt-verifier.ts";
import type { HttpRequest } from "./message.ts";
import { type PresentedTokens, readTokens } from "./read-tokens.ts";
import type { HttpContext } from "./resolved.ts";

/** The session tokens, the JWT and the client of one request. Reads each of them once, at its first use. */
export class RequestCredentials<Data> {
  readonly #http: HttpContext<Data>;
  readonly #request: HttpRequest;
  #presented: PresentedTokens | null = null;
  #jwt: Promise<JwtIdentity> | null = null;
  #client: RequestClient | null = null;

  constructor(http: HttpContext<Data>, request: HttpRequest) {
    this.#http = http;
    this.#request = request;
  }

  /** The distinct values of the session cookies if the browser sent several, else null. */
  get duplicateTokens(): readonly string[] | null {
    const { hasDuplicates, tokens } = this.presented;
    return hasDuplicates ? tokens : null;
  }

  /** Whether the request has a value with the form of a session token. Its session may have ended. */
  get holdsToken(): boolean {
    return this.presented.tokens.some((token) => token.length === TOKEN_LENGTH);
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

  /** The client of this request, to compare with the client that logged in; null without the option `binding`. */
  get client(): RequestClient | null {
    const { options, clientAddress } = this.#http;
    if (options.binding === undefined) return null;
    const request = this.#request;
    this.#client ??= options.binding.open({ request, client: () => clientAddress.resolve(request) });
    return this.#client;
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
    const found = await this.#http.manager.open(sessionId, subject, activity, this.client);
    if (found instanceof Session) return found;
    throw refusalError(found.refusal, found.wasLoggedIn ?? true);
  }
}
