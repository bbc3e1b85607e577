import type { Activity } from "../session/policy.ts";
import type { CreateOptions } from "../session/transitions.ts";
import type { Client, ForwardingHeaders, TrustProxy } from "./client-address.ts";
import type { CookieOptions } from "./cookie.ts";
import type { HttpRequest } from "./message.ts";

/**
 * What a request gets whose session cannot be read because the store does not answer. The cookie is left alone in any
 * case, so nobody is logged out by it.
 *
 * - `closed`: 503.
 * - `anonymous`: it goes on as a visitor of whom nothing is known.
 * - `degraded`: a copy answers that the store last vouched for at most `maxAge` milliseconds ago, and says so in
 *   `session.assurance`. A revocation of that time may be missed: this gives up the staleness bound. Without such a
 *   copy: 503.
 */
export type OutagePolicy = "closed" | "anonymous" | { readonly degraded: { readonly maxAge: number } };

/**
 * The readable token on top of the cross-origin check. `off`: none. `offered`: the `csrf_token` cookie is set, and an
 * `x-csrf-token` header that is sent must be right. `required`: under a stored session, a request that may change
 * something must send it.
 */
export type CsrfTokenPolicy = "off" | "offered" | "required";

/** How cross-site request forgery is turned away. */
export interface CsrfOptions {
  /** Other origins whose pages may post here, such as a payment provider's: `https://pay.example`. */
  readonly trustedOrigins?: readonly string[];
  /** `off` unless given: the cross-origin check alone covers every browser since 2023. */
  readonly token?: CsrfTokenPolicy;
  /**
   * Where a page gets its first token: a POST there is not asked for one. The cross-origin check stays. `/session/init`
   * unless given, which is where the session endpoints have it.
   */
  readonly initPath?: string;
}

/** What a browser is told to forget at logout, besides the cookie. */
export type SiteData = "cache" | "cookies" | "storage";

/** How sessions travel over HTTP. Every field has a default that is safe on an https site. */
export interface HttpOptions {
  /** `__Host-sid`, `HttpOnly`, `Secure`, `SameSite=Lax`, `Path=/` unless given. */
  readonly cookie?: CookieOptions;
  /** False turns the check off, for a site where no request comes from a browser. */
  readonly csrf?: CsrfOptions | false;
  /** Which proxies are believed about the client; none unless given. */
  readonly trustProxy?: TrustProxy;
  /** Which headers the trusted proxies write; `x-forwarded` unless given. */
  readonly forwardingHeaders?: ForwardingHeaders;
  /** `closed` unless given; a route may say otherwise when it loads. */
  readonly outage?: OutagePolicy;
  /**
   * For `Clear-Site-Data` at logout. `cache` and `storage` unless given: `cookies` would also end the visits to every
   * other host of the domain.
   */
  readonly clearSiteData?: readonly SiteData[];
  /** Whether answers say where the session came from and how long that took. */
  readonly serverTiming?: boolean;
  /** What kind of activity a request is; `user` unless given. A route may say otherwise when it loads. */
  readonly activity?: (request: HttpRequest) => Activity;
  /** What a session that begins with this request shall say of its holder; asked when it is made. */
  readonly birth?: (client: Client, request: HttpRequest) => CreateOptions;
  /**
   * Told, for the log, of what the framework never sees: a commit that failed, so that the response became the error;
   * and a call of the handler's that failed after waiting for the commit, so that the connection ended.
   */
  readonly onCommitFailure?: (error: unknown) => void;
}

/** What a route may say when it asks for the session. Counts for the first who asks in a request. */
export interface LoadOptions {
  readonly activity?: Activity;
  readonly outage?: OutagePolicy;
  /** What a session that begins with this request shall say of its holder, besides what the options of all say. */
  readonly birth?: CreateOptions;
}
