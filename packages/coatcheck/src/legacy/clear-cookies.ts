import { Cookie, domainsOf } from "../http/cookie.ts";

/** The cookies to clear after the migration, and the attributes with which the legacy system set them. */
export interface ClearOptions {
  /** Names of cookies to clear in addition to those of the readers. */
  readonly names?: readonly string[];
  /** `Domain` attributes of the cookies. Default: the request's host and its parent domains down to two labels. */
  readonly domains?: readonly string[];
  /** `Path` attributes of the cookies, in addition to `/`. */
  readonly paths?: readonly string[];
}

/** Each header has about 100 bytes, and nginx accepts 4 KB of response headers from a server by default. */
const MAX_CLEARING_HEADERS = 24;

/**
 * Builds the `Set-Cookie` headers that clear cookies. A request does not show for which domain and path a cookie was
 * set. Each name therefore needs a header for every combination of a path and a `Domain` attribute, and one header per
 * path without `Domain`. Returns at most 24 headers; a later request clears the remaining cookies.
 *
 * @param isPlainHttp - whether the site uses http, where a browser ignores `Set-Cookie` with `Secure`.
 */
export function clearingHeaders(
  names: readonly string[],
  host: string | null,
  isPlainHttp: boolean,
  options: ClearOptions,
): readonly string[] {
  const domains = [undefined, ...(options.domains?.map(withoutLeadingDot) ?? domainsOf(host))];
  const paths = new Set(["/", ...(options.paths ?? [])]);
  const headers: string[] = [];
  for (const name of names) {
    const [, prefix = "", bare = name] = /^(__Host-|__Secure-)?(.*)$/.exec(name) ?? [];
    for (const path of prefix === "__Host-" ? ["/"] : paths) {
      for (const domain of prefix === "__Host-" ? [undefined] : domains) {
        headers.push(
          clearingHeader(bare, prefix, isPlainHttp, { path, ...(domain === undefined ? {} : { domain }) }),
        );
      }
    }
  }
  return headers.slice(0, MAX_CLEARING_HEADERS);
}

function clearingHeader(
  name: string,
  prefix: string,
  isPlainHttp: boolean,
  scope: { path: string; domain?: string },
): string {
  if (prefix === "__Host-") return new Cookie({ name }).clear();
  if (prefix === "__Secure-") return new Cookie({ name, prefix: "__Secure-", ...scope }).clear();
  // Over http a browser ignores `Secure` cookies. Over https a `Secure` header clears both kinds of cookies.
  const cookie = isPlainHttp
    ? new Cookie({ name, secure: false, ...scope })
    : new Cookie({ name, prefix: "", ...scope });
  return cookie.clear();
}

/** Removes the leading dot of a domain, which browsers ignore (RFC 6265bis §5.6.3). */
function withoutLeadingDot(domain: string): string {
  return domain.replace(/^\./, "");
}
