import type { Commit } from "../session/commit.ts";
import type { Tier } from "../session/reader.ts";
import type { SessionRecord } from "../session/record.ts";
import type { Client } from "./client-address.ts";
import { cookieAge } from "./cookie.ts";
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

/** The request, its tokens and the options on which the response headers of a commit depend. */
interface Committed {
  readonly http: Pick<HttpContext<never>, "cookie" | "csrf" | "clearSiteData">;
  readonly request: HttpRequest;
  readonly presented: PresentedTokens;
  /** Whether the browser holds a token of a session, so that a logout must clear its cookie. */
  readonly holdsToken: boolean;
  /** The protocol and host that the browser addressed. */
  readonly client: () => Client;
}

/** The one switch from the session's outcome to the response headers. */
export function setCommitHeaders(
  headers: ResponseHeaders,
  { state, token, record }: Commit,
  context: Committed,
): void {
  switch (state) {
    case "unchanged":
    case "touched":
    case "changed":
      // Duplicates stay. A sibling host may have planted the one that opened the session: setting that again would make
      // it this site's own, and clearing the others would delete the visitor's.
      break;
    case "rotated":
      if (record && token) sendToken(headers, token, record, context);
      break;
    case "revoked":
      if (context.holdsToken) clearCookies(headers, context);
      return;
  }
  if (record && context.presented.transport !== "bearer") {
    context.http.csrf.offerToken(headers, context.request, record);
  }
}

/** A response that depends on a session must not be served from a shared cache to another browser. */
export function markAsPrivate(headers: ResponseHeaders, transport: PresentedTokens["transport"]): void {
  if (!headers.get("cache-control")) headers.set("cache-control", PRIVATE_NO_STORE);
  addVary(headers, "Cookie");
  if (transport === "bearer") addVary(headers, "Authorization");
}

/** Reports which tier had the session, and how many milliseconds that took. */
export function addServerTiming(headers: ResponseHeaders, tier: Tier | null, duration: number): void {
  headers.append("server-timing", `session${tier ? `;desc="${tier}"` : ""};dur=${duration.toFixed(2)}`);
}

function sendToken(headers: ResponseHeaders, token: string, record: SessionRecord, context: Committed): void {
  if (context.presented.transport === "bearer") {
    forbidCaching(headers);
    headers.set("x-session-token", token);
    return;
  }
  warnOfLostCookie(context.http.cookie, context.request, context.client());
  setCookies(headers, [...duplicateClears(context), context.http.cookie.set(token, cookieAge(record))]);
}

/** Clears what other hosts or paths have set. For a login or a logout, which decides what the browser holds from now on. */
function duplicateClears({ http, request, presented, client }: Committed): readonly string[] {
  return presented.hasDuplicates ? http.cookie.clearDuplicates(client().host, request.url) : [];
}

/** A logout makes the browser delete what belongs to the session (ASVS 5.0 14.3.1). */
function clearCookies(headers: ResponseHeaders, context: Committed): void {
  const { cookie, csrf, clearSiteData } = context.http;
  forbidCaching(headers);
  if (clearSiteData !== "") headers.set("clear-site-data", clearSiteData);
  if (context.presented.transport === "bearer") return;
  setCookies(headers, [...duplicateClears(context), cookie.clear()]);
  csrf.clearToken(headers);
}
