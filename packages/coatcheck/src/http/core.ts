import type { SessionManager } from "../session/manager.ts";
import { ClientAddress } from "./client-address.ts";
import { Cookie, type CookieOptions } from "./cookie.ts";
import { CrossOriginProtection, CsrfTokens } from "./csrf.ts";
import type { HttpRequest } from "./message.ts";
import type { CsrfTokenPolicy, HttpOptions } from "./options.ts";
import { RequestSession } from "./request-session.ts";

/**
 * Sessions over HTTP for any framework: everything that does not change from request to request, worked out once.
 * An adapter opens a {@link RequestSession} per request, calls its `admit` before and its `commit` after the handler.
 */
export class HttpSessions<Data> {
  readonly manager: SessionManager<Data>;
  readonly options: HttpOptions;
  readonly cookie: Cookie;
  readonly csrfCookie: Cookie;
  readonly csrfTokens: CsrfTokens;
  readonly csrfTokenPolicy: CsrfTokenPolicy;
  readonly csrfInitPath: string;
  readonly crossOrigin: CrossOriginProtection | null;
  readonly clients: ClientAddress;
  readonly clearSiteData: string;

  /** @throws CoatcheckError `VALIDATION_FAILED` for cookie options, origins or proxies that will not do. */
  constructor(manager: SessionManager<Data>, options: HttpOptions = {}) {
    const { csrf = {} } = options;
    this.manager = manager;
    this.options = options;
    this.cookie = new Cookie(options.cookie);
    this.csrfCookie = new Cookie(csrfCookieOptions(options.cookie), "scripts");
    this.csrfTokens = new CsrfTokens(manager.ring);
    this.csrfTokenPolicy = csrf ? (csrf.token ?? "off") : "off";
    this.csrfInitPath = csrf ? (csrf.initPath ?? INIT_PATH) : INIT_PATH;
    this.crossOrigin = csrf ? new CrossOriginProtection(csrf.trustedOrigins) : null;
    this.clients = new ClientAddress(options.trustProxy, options.forwardingHeaders);
    this.clearSiteData = (options.clearSiteData ?? ["cache", "storage"])
      .map((kind) => `"${kind}"`)
      .join(", ");
  }

  /**
   * The handle of one request. `onLoad` is called when a session is first asked for; until then nothing happens. It
   * answers whether headers can still leave after the session's commit.
   */
  open(request: HttpRequest, onLoad?: () => boolean): RequestSession<Data> {
    return new RequestSession(this, request, onLoad);
  }
}

const INIT_PATH = "/session/init";

/** As the session's, but for the name that clients know it by. Its value is bound to the session, so it needs no prefix. */
function csrfCookieOptions(session: CookieOptions = {}): CookieOptions {
  const name = "csrf_token";
  return session.secure === false ? { ...session, name } : { ...session, name, prefix: "" };
}
