import { CoatcheckError, invalidInputError } from "../session/errors.ts";
import { isSessionId, type SessionRecord } from "../session/record.ts";
import { hostOf, originFaults } from "./origin.ts";

/**
 * The parts of a request that the cross-origin check reads. Header values as received; undefined for an absent header.
 */
export interface CrossOriginRequest {
  readonly method: string;
  readonly secFetchSite: string | undefined;
  readonly origin: string | undefined;
  /** The host that the browser requested, with its port unless it is the default port. */
  readonly host: string | undefined;
  /**
   * The value of the header `Upgrade`. A page can open a WebSocket to any origin, and the browser adds that origin's
   * cookies.
   */
  readonly upgrade?: string | undefined;
}

/**
 * Whether a method is safe, which means that it changes nothing (RFC 9110 §9.2.1). The CSRF checks accept all safe
 * methods, so an application must not write in a GET handler.
 */
export function isSafeMethod(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

/**
 * Rejects requests that a page of another origin made the browser send. It relies on headers that only the browser can
 * set.
 *
 * Checks in the order of Go 1.25's `CrossOriginProtection`:
 *
 * 1. Safe methods pass, except a GET that opens a WebSocket, because its messages may write.
 * 2. If `Sec-Fetch-Site` is present, it decides. Every browser has sent it since 2023.
 * 3. Otherwise `Origin` must match `Host`.
 * 4. A request with neither header is not from a browser and passes.
 *
 * `Sec-Fetch-Site: same-site` is rejected, because a sibling host is another origin. Paths cannot be exempted, because
 * path patterns have been a common way to bypass such checks.
 */
export class CrossOriginProtection {
  readonly #trustedOrigins: ReadonlySet<string>;

  /**
   * @param trustedOrigins origins that may send unsafe requests, as browsers write them in `Origin`.
   * @throws CoatcheckError `VALIDATION_FAILED` with a fault for each entry that is not an origin.
   */
  constructor(trustedOrigins: readonly string[] = []) {
    const faults = originFaults(trustedOrigins);
    if (faults.length > 0) throw invalidInputError("CSRF options", faults);
    this.#trustedOrigins = new Set(trustedOrigins);
  }

  /** Whether the request passes the check. */
  allows(request: CrossOriginRequest): boolean {
    const { method, upgrade, secFetchSite, origin, host } = request;
    if (isSafeMethod(method) && !upgrade) return true;
    if (secFetchSite === "same-origin" || secFetchSite === "none") return true;
    if (!secFetchSite) {
      if (!origin) return true;
      // `Host` has no scheme, so a page on http could post to https on the same host. HSTS prevents that.
      if (host !== undefined && hostOf(origin) === host.toLowerCase()) return true;
    }
    return origin !== undefined && this.#trustedOrigins.has(origin);
  }
}

/** Signs CSRF tokens. The manager's secret ring (its current and older secrets) implements this interface. */
export interface Signer {
  sign(purpose: string, text: string): string;
  verify(purpose: string, text: string, signature: string): boolean;
}

/** The fields of a session that its CSRF token is bound to. */
export type CsrfBinding = Pick<SessionRecord, "id" | "subject">;

const CSRF_SIGNING_PURPOSE = "csrf";
const VISITOR_SIGNING_PURPOSE = "csrf-visitor";

/**
 * Issues and verifies the readable CSRF token: responses set it as the `csrf_token` cookie, and requests return it in
 * the `x-csrf-token` header or the form field `csrf_token`.
 *
 * The token is an HMAC over the session's id and subject (OWASP: signed double submit). A cookie that a sibling domain
 * has set is therefore not a valid token. A visitor's login replaces the token, because an attacker may know the token
 * of an anonymous session. A rotation, or another login of the same subject, does not replace it, so that forms in
 * other tabs stay valid.
 */
export class CsrfTokens {
  readonly #signer: Signer;
  /**
   * The issued token of each record object. A cache returns the same object for each hit, so a hit computes no HMAC.
   */
  readonly #issued = new WeakMap<CsrfBinding, string>();

  constructor(signer: Signer) {
    this.#signer = signer;
  }

  /**
   * Returns the session's token: 43 characters, the same until another subject logs in or the application adds a
   * secret.
   */
  issue(session: CsrfBinding): string {
    let token = this.#issued.get(session);
    if (token === undefined) {
      token = this.#signer.sign(CSRF_SIGNING_PURPOSE, textToSign(session));
      this.#issued.set(session, token);
    }
    return token;
  }

  /**
   * Returns the token for a form of a visitor without a stored session. It is valid for the session with this id, which
   * the same response may store. It is also valid for another anonymous session, which another tab may have stored
   * before the form was sent, if the browser reports that a page of the same origin has sent the request.
   *
   * @param id the id of the session that is not stored.
   */
  issueForVisitor(id: string): string {
    return `${id}.${this.#signer.sign(VISITOR_SIGNING_PURPOSE, id)}`;
  }

  /**
   * Verifies a token.
   *
   * @param isSameOrigin whether the request has `Sec-Fetch-Site: same-origin`, which no page of another origin can
   *   send.
   * @throws CoatcheckError `CSRF_MISSING` without a token, `CSRF_INVALID` for the token of another session.
   */
  verify(session: CsrfBinding, token: string | undefined, isSameOrigin = false): void {
    if (!token) {
      throw new CoatcheckError(
        "CSRF_MISSING",
        "Missing CSRF token: send the header x-csrf-token or the form field csrf_token.",
      );
    }
    const isOwn = this.#signer.verify(CSRF_SIGNING_PURPOSE, textToSign(session), token);
    if (!isOwn && !this.#isValidForVisitor(session, token, isSameOrigin)) {
      throw new CoatcheckError("CSRF_INVALID", "Invalid CSRF token: it does not belong to this session.");
    }
  }

  /**
   * Whether {@link issueForVisitor} returned the token. Anyone can get such a token, so a login invalidates all of
   * them.
   */
  #isValidForVisitor({ id, subject }: CsrfBinding, token: string, isSameOrigin: boolean): boolean {
    const separator = token.indexOf(".");
    const issuedFor = token.slice(0, Math.max(separator, 0));
    if (subject !== null || (issuedFor !== id && !(isSameOrigin && isSessionId(issuedFor)))) return false;
    return this.#signer.verify(VISITOR_SIGNING_PURPOSE, issuedFor, token.slice(separator + 1));
  }
}

function textToSign(session: CsrfBinding): string {
  return session.subject === null ? session.id : `${session.id}.${session.subject}`;
}
