import { CoatcheckError } from "../session/errors.ts";
import type { SessionRecord } from "../session/record.ts";

/** What the cross-origin check looks at. Header values as received; undefined where the header is absent. */
export interface CrossOriginRequest {
  readonly method: string;
  readonly secFetchSite: string | undefined;
  readonly origin: string | undefined;
  /** The host that the browser asked for, with its port where that is not the default. */
  readonly host: string | undefined;
}

/** Methods that change nothing, by agreement (RFC 9110 §9.2.1). An application that writes on GET is open to forgery. */
export function isSafeMethod(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

/**
 * Turns away requests that another origin made a browser send, by what the browser itself says of them.
 *
 * The order is that of Go 1.25's `CrossOriginProtection`: safe methods pass; `Sec-Fetch-Site` decides where it is
 * sent (every browser since 2023); else `Origin` against `Host`; a request with neither comes from no browser.
 * `same-site` is refused: a sibling host is not this one. There is no exemption by path, since patterns of paths have
 * been the way around such checks.
 */
export class CrossOriginProtection {
  readonly #trusted: ReadonlySet<string>;

  /**
   * @param trustedOrigins origins that may post here, spelt as browsers do: `https://pay.example`, no slash at the end.
   * @throws CoatcheckError `VALIDATION_FAILED` with the index of each entry that is no origin.
   */
  constructor(trustedOrigins: readonly string[] = []) {
    const faults = trustedOrigins.flatMap((origin, index) =>
      isOrigin(origin) ? [] : [{ path: `trustedOrigins.${index}`, message: "must be scheme://host[:port]" }],
    );
    if (faults.length > 0) {
      throw new CoatcheckError("VALIDATION_FAILED", "The trusted origins will not do.", { faults });
    }
    this.#trusted = new Set(trustedOrigins);
  }

  /** Whether the request may go on. */
  allows(request: CrossOriginRequest): boolean {
    if (isSafeMethod(request.method)) return true;
    const { secFetchSite, origin, host } = request;
    if (secFetchSite === "same-origin" || secFetchSite === "none") return true;
    if (!secFetchSite) {
      if (!origin) return true;
      // Host has no scheme, so http → https of the same host passes; HSTS is what closes that.
      if (host !== undefined && hostOf(origin) === host.toLowerCase()) return true;
    }
    return origin !== undefined && this.#trusted.has(origin);
  }
}

function isOrigin(text: string): boolean {
  return text !== "null" && URL.canParse(text) && new URL(text).origin === text;
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

/** What signs: the session's secret ring. */
export interface Signer {
  sign(purpose: string, text: string): string;
  verifies(purpose: string, text: string, signature: string): boolean;
}

/** The part of a session that its CSRF token is bound to. */
export type CsrfSubject = Pick<SessionRecord, "id" | "authenticatedAt">;

const PURPOSE = "csrf";

/**
 * The readable token for clients that want one: `csrf_token` cookie out, `x-csrf-token` header back in.
 *
 * An HMAC bound to the session, so that a cookie planted from a sibling domain is no valid token here (OWASP: signed
 * double submit). It names the session's id and login, not its secret: periodic rotation leaves a page's token valid, a
 * login replaces it.
 */
export class CsrfTokens {
  readonly #signer: Signer;
  /** By record, which stays the same while it is held in a cache: a hit signs nothing. */
  readonly #issued = new WeakMap<CsrfSubject, string>();

  constructor(signer: Signer) {
    this.#signer = signer;
  }

  /** The session's token: 43 characters, the same until the next login or change of the newest secret. */
  issue(session: CsrfSubject): string {
    let token = this.#issued.get(session);
    if (token === undefined) {
      token = this.#signer.sign(PURPOSE, boundTo(session));
      this.#issued.set(session, token);
    }
    return token;
  }

  /** @throws CoatcheckError `CSRF_MISSING` without a token, `CSRF_INVALID` when it is not this session's. */
  verify(session: CsrfSubject, token: string | undefined): void {
    if (!token) {
      throw new CoatcheckError("CSRF_MISSING", "This request needs the x-csrf-token header.");
    }
    if (!this.#signer.verifies(PURPOSE, boundTo(session), token)) {
      throw new CoatcheckError("CSRF_INVALID", "The x-csrf-token header does not belong to this session.");
    }
  }
}

function boundTo(session: CsrfSubject): string {
  return `${session.id}.${session.authenticatedAt ?? "anonymous"}`;
}
