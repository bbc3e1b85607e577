import { CoatcheckError } from "../session/errors.ts";
import type { SessionEmitter } from "../session/events.ts";
import type { SessionRecord } from "../session/record.ts";
import { Cookie, type CookieOptions, cookieAge } from "./cookie.ts";
import { CrossOriginProtection, type CsrfBinding, CsrfTokens, isSafeMethod, type Signer } from "./csrf.ts";
import { rejectionEvent, rejectionMessage } from "./csrf-rejection.ts";
import { type HttpRequest, type ResponseHeaders, setCookies } from "./message.ts";
import type { CsrfTokenPolicy, HttpOptions } from "./options.ts";

/** The parts of a session manager that are used. */
interface CsrfDependencies {
  readonly ring: Signer;
  readonly events: SessionEmitter;
}

const INIT_PATH = "/session/init";

/**
 * Protects one application against cross-site request forgery, as its options say: the cross-origin check, and the
 * optional readable token with its cookie.
 */
export class CsrfProtection {
  /** Null when the application has turned the check off. */
  readonly #crossOrigin: CrossOriginProtection | null;
  readonly #tokenPolicy: CsrfTokenPolicy;
  readonly #tokenless: readonly string[];
  readonly #tokens: CsrfTokens;
  readonly #cookie: Cookie;
  readonly #events: SessionEmitter;

  /** @throws CoatcheckError `VALIDATION_FAILED` for invalid cookie options or trusted origins. */
  constructor({ ring, events }: CsrfDependencies, { csrf = {}, cookie, visits }: HttpOptions) {
    this.#events = events;
    this.#cookie = new Cookie(csrfCookieOptions(cookie), "scripts");
    this.#tokens = new CsrfTokens(ring);
    this.#crossOrigin = csrf ? new CrossOriginProtection(csrf.trustedOrigins) : null;
    this.#tokenPolicy = csrf ? (csrf.token ?? "off") : "off";
    const initPath = csrf ? (csrf.initPath ?? INIT_PATH) : INIT_PATH;
    this.#tokenless = visits ? [initPath, ...visitPaths(initPath)] : [initPath];
  }

  /** Whether the request is checked at all: its method is unsafe, or it opens a WebSocket. */
  checks(request: HttpRequest): boolean {
    return this.#crossOrigin !== null && (!isSafeMethod(request.method) || !!request.header("upgrade"));
  }

  /**
   * Rejects a request that another site made a browser send.
   *
   * @param host the host that the browser addressed, as the trusted proxies report it.
   * @throws CoatcheckError `FORBIDDEN`. Outside production its message names origin, host and the option to change.
   */
  requireSameOrigin(request: HttpRequest, host: string | null): void {
    const allowed = this.#crossOrigin?.allows({
      method: request.method,
      secFetchSite: request.header("sec-fetch-site"),
      origin: request.header("origin"),
      host: host ?? undefined,
      upgrade: request.header("upgrade"),
    });
    if (allowed !== false) return;
    this.#rejected(request, host, new CoatcheckError("FORBIDDEN", rejectionMessage(request, host)));
  }

  /** Whether the application uses tokens at all. */
  get usesTokens(): boolean {
    return this.#tokenPolicy !== "off";
  }

  /**
   * Whether a checked request may carry a token to verify. A WebSocket handshake, the only one with a safe method, carries
   * none: a page cannot add headers to it.
   */
  readsToken(request: HttpRequest): boolean {
    return this.usesTokens && !isSafeMethod(request.method) && !this.#isInit(request);
  }

  /** Whether a request with a stored session must carry a token. */
  get requiresToken(): boolean {
    return this.#tokenPolicy === "required";
  }

  /**
   * @param token the token of the request; undefined when it carries none.
   * @throws CoatcheckError `CSRF_MISSING` without a token, `CSRF_INVALID` when it belongs to another session.
   */
  verifyToken(
    request: HttpRequest,
    record: SessionRecord,
    token: string | undefined,
    host: string | null,
  ): void {
    try {
      this.#tokens.verify(record, token);
    } catch (error) {
      this.#rejected(request, host, error as CoatcheckError);
    }
  }

  /** The token of a session, stored or not. */
  tokenOf(session: CsrfBinding): string {
    return this.#tokens.issue(session);
  }

  /** Sets the token's cookie, unless tokens are off or the browser has sent the current one. */
  offerToken(headers: ResponseHeaders, request: HttpRequest, record: SessionRecord): void {
    if (this.#tokenPolicy === "off") return;
    const token = this.#tokens.issue(record);
    const sent = this.#cookie.read(request.header("cookie"));
    if (sent.length === 1 && sent[0] === token) return;
    setCookies(headers, [this.#cookie.set(token, cookieAge(record))]);
  }

  /** Clears the token's cookie, unless tokens are off. */
  clearToken(headers: ResponseHeaders): void {
    if (this.#tokenPolicy !== "off") setCookies(headers, [this.#cookie.clear()]);
  }

  /** Emits the event for a rejected request, and throws its error. */
  #rejected(request: HttpRequest, host: string | null, error: CoatcheckError): never {
    this.#events.publish("request-rejected", rejectionEvent(request, host, error));
    throw error;
  }

  /**
   * A page gets its first token with this request, so it cannot send one yet; and a beacon has no header for it. Below a prefix, which this check does not
   * know, only a browser whose headers have passed the cross-origin check needs no token.
   */
  #isInit(request: HttpRequest): boolean {
    const [path = ""] = request.url.split("?", 1);
    if (request.method !== "POST" || !this.#tokenless.some((each) => path.endsWith(each))) return false;
    if (this.#tokenless.includes(path)) return true;
    return request.header("sec-fetch-site") !== undefined || request.header("origin") !== undefined;
  }
}

/** The endpoints of visits, which are beside the init path. */
function visitPaths(initPath: string): readonly string[] {
  const path = initPath.replace(/[^/]*$/, "visit");
  return [path, `${path}/opt-out`, `${path}/opt-in`];
}

/** The session cookie's options under the name that clients expect. The value is bound to the session: no prefix needed. */
function csrfCookieOptions(session: CookieOptions = {}): CookieOptions {
  const name = "csrf_token";
  return session.secure === false ? { ...session, name } : { ...session, name, prefix: "" };
}
