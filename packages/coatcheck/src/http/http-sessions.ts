import type { SessionManager } from "../session/manager.ts";
import { ClientAddress } from "./client-address.ts";
import { Cookie } from "./cookie.ts";
import { CsrfProtection } from "./csrf-protection.ts";
import type { HttpRequest } from "./message.ts";
import { type HttpOptions, requireHttpOptions } from "./options.ts";
import { RequestSession } from "./request-session.ts";
import { requireManager } from "./require-manager.ts";
import type { HttpContext } from "./resolved.ts";

/**
 * The part of an adapter that is the same for every framework. Contains the manager and the resolved options.
 *
 * For each request an adapter opens a {@link RequestSession}, calls its `checkCsrf` before the handler, and its
 * `commit` before the response headers are sent.
 */
export class HttpSessions<Data> implements HttpContext<Data> {
  readonly manager: SessionManager<Data>;
  readonly options: HttpOptions;
  readonly cookie: Cookie;
  readonly csrf: CsrfProtection;
  readonly clientAddress: ClientAddress;
  /** The value of the header `Clear-Site-Data` at logout; empty if the header is not sent. */
  readonly clearSiteData: string;

  /**
   * @throws UsageError without a manager, and for an unknown option; CoatcheckError `VALIDATION_FAILED` for invalid
   *   cookie options, trusted origins or trusted proxies.
   */
  constructor(manager: SessionManager<Data>, options: HttpOptions = {}) {
    requireManager("coatcheck(manager, options)", manager);
    requireHttpOptions(options);
    this.manager = manager;
    this.options = options;
    this.cookie = new Cookie(options.cookie);
    this.csrf = new CsrfProtection(manager, options);
    this.clientAddress = new ClientAddress(options.trustProxy, options.forwardingHeaders);
    this.clearSiteData = (options.clearSiteData ?? ["cache", "storage"])
      .map((kind) => `"${kind}"`)
      .join(", ");
  }

  /**
   * Opens the session handle of one request, without reading the session yet.
   *
   * @param onLoad called once, when the session is first loaded. Returns whether the response headers can still be
   *   changed at commit: false when they have been sent.
   */
  open(request: HttpRequest, onLoad?: () => boolean): RequestSession<Data> {
    return new RequestSession(this, request, onLoad);
  }
}
