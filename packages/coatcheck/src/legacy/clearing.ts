import { Cookie, domainsOf } from "../http/cookie.ts";

/** Where the older cookies may lie. */
export interface ClearOptions {
  /** Cookies to be cleared with those that the readers name. */
  readonly names?: readonly string[];
  /** Domains that they were set with. Without it: the host that is asked, and its parents down to two labels. */
  readonly domains?: readonly string[];
  /** Paths that they were set with, besides `/`. */
  readonly paths?: readonly string[];
}

/** A hundred bytes each: nginx takes 4 KB of headers from a server unless told otherwise. */
const MOST_LINES = 24;

/**
 * `Set-Cookie` lines that clear `names` from every place where they may lie: without a domain and on each domain, on
 * each path. A browser says of a cookie neither domain nor path, so each place costs a line. Of very many only the first
 * are cleared; the rest come with a later request.
 */
export function clearingLines(
  names: readonly string[],
  host: string | null,
  isPlain: boolean,
  options: ClearOptions,
): readonly string[] {
  const domains = [undefined, ...(options.domains?.map(bareDomain) ?? domainsOf(host))];
  const paths = new Set(["/", ...(options.paths ?? [])]);
  const lines: string[] = [];
  for (const name of names) {
    const [, prefix = "", bare = name] = /^(__Host-|__Secure-)?(.*)$/.exec(name) ?? [];
    for (const path of prefix === "__Host-" ? ["/"] : paths) {
      for (const domain of prefix === "__Host-" ? [undefined] : domains) {
        lines.push(clearing(bare, prefix, isPlain, { path, ...(domain === undefined ? {} : { domain }) }));
      }
    }
  }
  return lines.slice(0, MOST_LINES);
}

function clearing(
  name: string,
  prefix: string,
  isPlain: boolean,
  place: { path: string; domain?: string },
): string {
  if (prefix === "__Host-") return new Cookie({ name }).clear();
  if (prefix === "__Secure-") return new Cookie({ name, prefix: "__Secure-", ...place }).clear();
  // A plain page may not clear with `Secure`; an encrypted one clears cookies of both kinds with it.
  const cookie = isPlain
    ? new Cookie({ name, secure: false, ...place })
    : new Cookie({ name, prefix: "", ...place });
  return cookie.clear();
}

/** A leading dot means nothing any more (RFC 6265bis §5.6.3), and is written all the same. */
function bareDomain(domain: string): string {
  return domain.replace(/^\./, "");
}
