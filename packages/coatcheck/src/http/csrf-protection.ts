import { CoatcheckError, invalidInputError } from "../session/errors.ts";
import type { SessionEmitter } from "../session/events.ts";
import type { SessionRecord } from "../session/record.ts";
import { Cookie, type CookieOptions, cookieMaxAge } from "./cookie.ts";
import { CrossOriginProtection, CsrfTokens, isSafeMethod, type Signer } from "./csrf.ts";
import type { SentCsrfToken } from "./csrf-form.ts";
import { rejectionEvent, rejectionMessage } from "./csrf-rejection.ts";
import { type HttpRequest, type ResponseHeaders, setCookies } from "./message.ts";
import type { CsrfTokenPolicy, HttpOptions } from "./options.ts";

/** The members of a session manager that {@link CsrfProtection} uses. */
interface CsrfDependencies {
  readonly ring: Signer;
  readonly events: SessionEmitter;
}

const UNPARSED_FORM_MESSAGE =
  "Missing CSRF token: no parsed field was found for this form. Add the field csrf_token and mount the parser of the " +
  "body before coatcheck(), such as express.urlencoded(), or multer for multipart/form-data; or send the header " +
  "x-csrf-token.";

const DEFAULT_INIT_PATH = "/session/init";

/**
 * Protects an application against cross-site request forgery, with the cross-origin check and an optional token. The
 * token is in a cookie that scripts can read.
 */
export class CsrfProtection {
  /** Null if the application has turned the check off. */
  readonly #crossOrigin: CrossOriginProtection | null;
  readonly #tokenPolicy: CsrfTokenPolicy;
  readonly #pathsWithoutToken: readonly string[];
  /**
   * Whether a router's prefix may precede the {@link #pathsWithoutToken}. False if the application has set `initPath`,
   * because that option includes the prefix.
   */
  readonly #allowsRouterPrefix: boolean;
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
    const ownPath = csrf ? csrf.initPath : undefined;
    const initPath = ownPath ?? DEFAULT_INIT_PATH;
    this.#allowsRouterPrefix = ownPath === undefined;
    this.#pathsWithoutToken = visits ? [initPath, ...visitEndpointPaths(initPath)] : [initPath];
  }

  /** Whether the request must be checked: its method is unsafe, or it opens a WebSocket. */
  needsCheck(request: HttpRequest): boolean {
    return this.#crossOrigin !== null && (!isSafeMethod(request.method) || !!request.header("upgrade"));
  }

  /**
   * Rejects a request that another site made a browser send.
   *
   * @param host the host that the browser addressed, as the trusted proxies report it.
   * @throws CoatcheckError `FORBIDDEN`. Outside production, the message names the origin, the host and the option to
   *   change.
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
    this.#reject(request, host, new CoatcheckError("FORBIDDEN", rejectionMessage(request, host)));
  }

  /** Whether the application uses CSRF tokens. */
  get usesTokens(): boolean {
    return this.#tokenPolicy !== "off";
  }

  /**
   * Whether to verify the token of a request. False for a WebSocket handshake, because a page cannot add headers to it,
   * and for requests that need no token.
   */
  needsTokenCheck(request: HttpRequest): boolean {
    return this.usesTokens && !isSafeMethod(request.method) && !this.#isExemptFromToken(request);
  }

  /** Whether a request with a stored session must carry a token. */
  get requiresToken(): boolean {
    return this.#tokenPolicy === "required";
  }

  /**
   * @throws CoatcheckError `CSRF_MISSING` without a token, `CSRF_INVALID` for the token of another session.
   */
  verifyToken(
    request: HttpRequest,
    record: SessionRecord,
    { token, isUnparsedForm }: SentCsrfToken,
    host: string | null,
  ): void {
    if (isUnparsedForm)
      this.#reject(request, host, new CoatcheckError("CSRF_MISSING", UNPARSED_FORM_MESSAGE));
    try {
      this.#tokens.verify(record, token, request.header("sec-fetch-site") === "same-origin");
    } catch (error) {
      this.#reject(request, host, error as CoatcheckError);
    }
  }

  /** Returns the token for a form. `record` is null unless the session is stored. */
  formTokenOf({ id, record }: { readonly id: string; readonly record: SessionRecord | null }): string {
    return record ? this.#tokens.issue(record) : this.#tokens.issueForVisitor(id);
  }

  /** Sets the token's cookie, unless tokens are off or the browser has sent the current one. */
  offerToken(headers: ResponseHeaders, request: HttpRequest, record: SessionRecord): void {
    if (this.#tokenPolicy === "off") return;
    const token = this.#tokens.issue(record);
    const sent = this.#cookie.read(request.header("cookie"));
    if (sent.length === 1 && sent[0] === token) return;
    setCookies(headers, [this.#cookie.set(token, cookieMaxAge(record))]);
  }

  /** Clears the token's cookie, unless tokens are off. */
  clearToken(headers: ResponseHeaders): void {
    if (this.#tokenPolicy !== "off") setCookies(headers, [this.#cookie.clear()]);
  }

  /** Emits the event `request-rejected`, and throws the error. */
  #reject(request: HttpRequest, host: string | null, error: CoatcheckError): never {
    this.#events.publish("request-rejected", rejectionEvent(request, host, error));
    throw error;
  }

  /**
   * Whether the request needs no token. The init path needs none, because a page gets its first token there. The visit
   * endpoints need none, because a beacon cannot send headers. If a router's prefix precedes one of these paths, the
   * request must have `Sec-Fetch-Site` or `Origin`, which the cross-origin check has verified.
   */
  #isExemptFromToken(request: HttpRequest): boolean {
    const [path = ""] = request.url.split("?", 1);
    if (request.method !== "POST") return false;
    if (this.#pathsWithoutToken.includes(path)) return true;
    if (!this.#allowsRouterPrefix || !this.#pathsWithoutToken.some((each) => path.endsWith(each)))
      return false;
    return request.header("sec-fetch-site") !== undefined || request.header("origin") !== undefined;
  }
}

/** Returns the paths of the visit endpoints, which have the same parent path as the init path. */
function visitEndpointPaths(initPath: string): readonly string[] {
  const path = initPath.replace(/[^/]*$/, "visit");
  return [path, `${path}/opt-out`, `${path}/opt-in`];
}

/**
 * Returns the session cookie's options with the name that clients expect. No prefix is needed, because the value is
 * bound to the session. Throws `VALIDATION_FAILED` if the session cookie has the same name, because each would replace
 * the other.
 */
function csrfCookieOptions(session: CookieOptions = {}): CookieOptions {
  const name = "csrf_token";
  if (session.name === name && (session.secure === false || session.prefix === ""))
    throw invalidInputError("cookie options", [
      { path: "name", message: `must not be "${name}", which is the name of the CSRF token's cookie` },
    ]);
  return session.secure === false ? { ...session, name } : { ...session, name, prefix: "" };
}
