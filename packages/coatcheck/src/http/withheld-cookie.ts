import type { SameSite } from "./cookie.ts";
import { isSafeMethod } from "./csrf.ts";
import type { HttpRequest } from "./message.ts";
import { hostOf } from "./origin.ts";

/**
 * Whether `SameSite` may keep the browser from sending its cookie with this request (RFC 6265bis §5.8.3). In that case
 * the browser may have a session although the request has no cookie, and a new cookie in the response could replace the
 * cookie of a login.
 *
 * Without `Sec-Fetch-Site`, a request whose `Origin` is another host is treated as cross-site, because host names do
 * not show whether two hosts belong to one site.
 *
 * @param host the host that the browser addressed, as the trusted proxies report it.
 */
export function couldWithholdCookie(sameSite: SameSite, request: HttpRequest, host: string | null): boolean {
  if (sameSite === "none" || !isCrossSite(request, host)) return false;
  return sameSite === "strict" || !isSafeMethod(request.method) || !isTopLevelNavigation(request);
}

function isCrossSite(request: HttpRequest, host: string | null): boolean {
  const site = request.header("sec-fetch-site");
  if (site) return site === "cross-site";
  const origin = request.header("origin");
  return origin !== undefined && hostOf(origin) !== host?.toLowerCase();
}

function isTopLevelNavigation(request: HttpRequest): boolean {
  return request.header("sec-fetch-mode") === "navigate" && request.header("sec-fetch-dest") === "document";
}
