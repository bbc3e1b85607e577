import { misuse, shown } from "../../session/usage-error.ts";
import { IGNORED_REFERRERS } from "./ignored-referrers.ts";
import { domainsOf } from "./sites.ts";

/** Android apps are referrers such as `android-app://com.slack/`. */
const PROTOCOLS: readonly string[] = ["https:", "http:", "android-app:"];

/** The longest referrer that is read. Browsers cut theirs at 4,096 characters. */
const MAX_REFERRER_LENGTH = 8192;

/** The longest host that DNS allows. */
const MAX_HOST_LENGTH = 253;

const HTTPS = "https://";

/** A referrer, and the hosts that do not count. */
export interface ReferrerInput {
  /** The `Referer` header or `document.referrer`. */
  readonly referrer: string | null | undefined;
  /** The hosts of the application. Their sub-domains are included; a port and `www.` are ignored. */
  readonly ownHosts: readonly string[];
  /** Further hosts, with their sub-domains, that are never a source. Payment and login providers are known. */
  readonly ignoredReferrers?: readonly string[] | undefined;
}

/**
 * Returns the referring host without `www.`. Null for a referrer that is not a URL, and for one that does not count: a host of
 * the application, a payment provider, a login provider.
 */
export function referringHost(input: ReferrerInput): string | null {
  const { referrer } = input;
  if (!referrer || referrer.length > MAX_REFERRER_LENGTH) return null;
  return isOfHost(referrer, input.ownHosts[0]) ? null : countedHost(hostOf(referrer), input);
}

/** The usual case: most requests come from another page of the same host. */
function isOfHost(referrer: string, host: string | undefined): boolean {
  if (!host || !referrer.startsWith(HTTPS) || !referrer.startsWith(host, HTTPS.length)) return false;
  return referrer.charAt(HTTPS.length + host.length) === "/";
}

function countedHost(host: string, { ownHosts, ignoredReferrers = [] }: ReferrerInput): string | null {
  if (host === "" || host.length > MAX_HOST_LENGTH) return null;
  const isExcluded = (excluded: string) => isWithin(host, bareHost(excluded));
  if (ownHosts.some(isExcluded) || ignoredReferrers.some(isExcluded)) return null;
  return domainsOf(host).some((domain) => IGNORED_REFERRERS.has(domain)) ? null : host;
}

/** Matches the usual form of a referrer, so that its host can be read without a URL parser. */
const PLAIN_URL = /^https?:\/\/([a-z\d.-]+)(?:[/:?#]|$)/;

/** The host of a URL; empty for other texts and for protocols that do not count. */
function hostOf(referrer: string): string {
  const plain = PLAIN_URL.exec(referrer)?.[1];
  if (plain !== undefined) return bareHost(plain);
  const url = URL.parse(referrer);
  return url && PROTOCOLS.includes(url.protocol) ? bareHost(url.hostname) : "";
}

function isWithin(host: string, domain: string): boolean {
  return host === domain || (host.endsWith(domain) && host.at(-domain.length - 1) === ".");
}

/** Lower case, without `www.`, port and the dot of a complete name. */
function bareHost(host: string): string {
  let bare = host.toLowerCase();
  if (bare.includes(":")) bare = bare.replace(/:\d+$/, "");
  if (bare.endsWith(".")) bare = bare.slice(0, -1);
  return bare.startsWith("www.") && bare.includes(".", 4) ? bare.slice(4) : bare;
}

/** A host with an optional port. International names are written in Punycode. */
const HOST = /^(?:[a-z\d_-]{1,63}\.)*[a-z\d_-]{1,63}(?::\d{1,5})?$/i;

/**
 * Rejects an option that is not a list of hosts, such as one with a URL in it.
 *
 * @param input what the options are, such as "visit options".
 * @throws UsageError
 */
export function requireHosts(input: string, path: string, hosts: unknown): void {
  if (!Array.isArray(hosts)) {
    throw misuse(input, [{ path, message: `must be a list of hosts (got ${shown(hosts)})` }]);
  }
  const faults = hosts.flatMap((host, index) =>
    typeof host === "string" && HOST.test(host)
      ? []
      : [{ path: `${path}.${index}`, message: `must be a host such as shop.example (got ${shown(host)})` }],
  );
  if (faults.length > 0) throw misuse(input, faults);
}
