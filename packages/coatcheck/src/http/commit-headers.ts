import type { Commit } from "../session/commit.ts";
import type { Tier } from "../session/reader.ts";
import type { SessionRecord } from "../session/record.ts";
import type { Client } from "./client-address.ts";
import { cookieMaxAge } from "./cookie.ts";
import { warnOfLostCookie } from "./lost-cookie-warning.ts";
import {
  addVary,
  forbidCaching,
  type HttpRequest,
  PRIVATE_NO_STORE,
  type ResponseHeaders,
  setCookies,
} from "./message.ts";
import type { PresentedTokens } from "./read-tokens.ts";
import type { HttpContext } from "./resolved.ts";

/** The values from which {@link setCommitHeaders} derives the response headers. */
interface CommitContext {
  readonly http: Pick<HttpContext<never>, "cookie" | "csrf" | "clearSiteData">;
  readonly request: HttpRequest;
  readonly presented: PresentedTokens;
  /**
   * Whether the request has a session token, which a logout must clear. Also true if its session has already ended, so
   * that a repeated logout clears the cookies whose removal the browser never received.
   */
  readonly holdsToken: boolean;
  /** The protocol and host that the browser addressed. */
  readonly client: () => Client;
}

/** Sets the response headers that follow from the outcome of the session, such as a new or cleared cookie. */
export function setCommitHeaders(
  headers: ResponseHeaders,
  { state, token, record }: Commit,
  context: CommitContext,
): void {
  switch (state) {
    case "unchanged":
    case "touched":
    case "changed":
      // Do not touch duplicate cookies. A sibling host may have planted the cookie that opened the session. Setting it
      // again would make it a cookie of this site, and clearing the others would delete the visitor's own cookie.
      break;
    case "rotated":
      if (record && token) setTokenHeaders(headers, token, record, context);
      break;
    case "revoked":
      if (context.holdsToken) clearCookies(headers, context);
      return;
  }
  if (record && context.presented.transport !== "bearer") {
    context.http.csrf.offerToken(headers, context.request, record);
  }
}

/** Prevents a shared cache from serving one browser's session-dependent response to another browser. */
export function markAsPrivate(headers: ResponseHeaders, transport: PresentedTokens["transport"]): void {
  if (!headers.get("cache-control")) headers.set("cache-control", PRIVATE_NO_STORE);
  addVary(headers, "Cookie");
  if (transport === "bearer") addVary(headers, "Authorization");
}

/**
 * Reports in `Server-Timing` where the session was found (memory, Redis or database), and how many milliseconds the
 * load took.
 */
export function addServerTiming(headers: ResponseHeaders, tier: Tier | null, duration: number): void {
  headers.append("server-timing", `session${tier ? `;desc="${tier}"` : ""};dur=${duration.toFixed(2)}`);
}

function setTokenHeaders(
  headers: ResponseHeaders,
  token: string,
  record: SessionRecord,
  context: CommitContext,
): void {
  if (context.presented.transport === "bearer") {
    forbidCaching(headers);
    headers.set("x-session-token", token);
    return;
  }
  warnOfLostCookie(context.http.cookie, context.request, context.client());
  setCookies(headers, [
    ...headersToClearDuplicates(context),
    context.http.cookie.set(token, cookieMaxAge(record)),
  ]);
}

/**
 * Returns headers that clear session cookies of other paths and parent domains, so that after a login or logout no
 * older cookie is sent.
 */
function headersToClearDuplicates({ http, request, presented, client }: CommitContext): readonly string[] {
  return presented.hasDuplicates ? http.cookie.clearDuplicates(client().host, request.url) : [];
}

/** Makes the browser delete the cookies and stored data of a session that has ended (ASVS 5.0 14.3.1). */
function clearCookies(headers: ResponseHeaders, context: CommitContext): void {
  const { cookie, csrf, clearSiteData } = context.http;
  forbidCaching(headers);
  if (clearSiteData !== "") headers.set("clear-site-data", clearSiteData);
  if (context.presented.transport === "bearer") return;
  setCookies(headers, [...headersToClearDuplicates(context), cookie.clear()]);
  csrf.clearToken(headers);
}
