import { describeValue, usageError } from "../../session/usage-error.ts";
import { IGNORED_REFERRERS } from "./ignored-referrers.ts";
import { domainsOf } from "./sites.ts";

/** The protocols of referrers. Android apps send referrers such as `android-app://com.slack/`. */
const REFERRER_PROTOCOLS: readonly string[] = ["https:", "http:", "android-app:"];

/** Longer referrers are ignored. Browsers truncate theirs to 4,096 characters. */
const MAX_REFERRER_LENGTH = 8192;

/** The longest host that DNS allows. */
const MAX_HOST_LENGTH = 253;

const HTTPS_PREFIX = "https://";

/** A referrer, and the hosts that are never a visit's source. */
export interface ReferrerInput {
  /** The `Referer` header or `document.referrer`. */
  readonly referrer: string | null | undefined;
  /** The application's own hosts. Their sub-domains are included; a port and `www.` are ignored. */
  readonly ownHosts: readonly string[];
  /**
   * Additional hosts that are never a source, sub-domains included. Payment and login providers are ignored in any
   * case.
   */
  readonly ignoredReferrers?: readonly string[] | undefined;
}

/**
 * Returns the referring host without `www.`. Returns null if the referrer is not a URL, or if its host is the
 * application's own, a payment provider or a login provider.
 */
export function referringHost(input: ReferrerInput): string | null {
  const { referrer } = input;
  if (!referrer || referrer.length > MAX_REFERRER_LENGTH) return null;
  return isOfHost(referrer, input.ownHosts[0]) ? null : hostUnlessIgnored(hostOf(referrer), input);
}

/** A fast path: most requests come from another page of the same host. */
function isOfHost(referrer: string, host: string | undefined): boolean {
  if (!host || !referrer.startsWith(HTTPS_PREFIX) || !referrer.startsWith(host, HTTPS_PREFIX.length))
    return false;
  return referrer.charAt(HTTPS_PREFIX.length + host.length) === "/";
}

function hostUnlessIgnored(host: string, { ownHosts, ignoredReferrers = [] }: ReferrerInput): string | null {
  if (host === "" || host.length > MAX_HOST_LENGTH) return null;
  const isExcluded = (excluded: string) => isSameOrSubdomain(host, bareHost(excluded));
  if (ownHosts.some(isExcluded) || ignoredReferrers.some(isExcluded)) return null;
  return domainsOf(host).some((domain) => IGNORED_REFERRERS.has(domain)) ? null : host;
}

/** Matches a plain URL, whose host can be read without a URL parser. */
const PLAIN_URL_PATTERN = /^https?:\/\/([a-z\d.-]+)(?:[/:?#]|$)/;

/**
 * Returns the host of a URL. Returns an empty text for other texts and for protocols other than {@link
 * REFERRER_PROTOCOLS}.
 */
function hostOf(referrer: string): string {
  const plain = PLAIN_URL_PATTERN.exec(referrer)?.[1];
  if (plain !== undefined) return bareHost(plain);
  const url = URL.parse(referrer);
  return url && REFERRER_PROTOCOLS.includes(url.protocol) ? bareHost(url.hostname) : "";
}

function isSameOrSubdomain(host: string, domain: string): boolean {
  return host === domain || (host.endsWith(domain) && host.at(-domain.length - 1) === ".");
}

/** Returns the host in lower case, without `www.`, the port and a trailing dot. */
function bareHost(host: string): string {
  let bare = host.toLowerCase();
  if (bare.includes(":")) bare = bare.replace(/:\d+$/, "");
  if (bare.endsWith(".")) bare = bare.slice(0, -1);
  return bare.startsWith("www.") && bare.includes(".", 4) ? bare.slice(4) : bare;
}

/** Matches a host with an optional port. International names must be in Punycode. */
const HOST_PATTERN = /^(?:[a-z\d_-]{1,63}\.)*[a-z\d_-]{1,63}(?::\d{1,5})?$/i;

/**
 * Throws unless an option is a list of hosts. URLs are not hosts.
 *
 * @param input the name of the options in the error, such as "visit options".
 * @throws UsageError
 */
export function requireHosts(input: string, path: string, hosts: unknown): void {
  if (!Array.isArray(hosts)) {
    throw usageError(input, [{ path, message: `must be a list of hosts (got ${describeValue(hosts)})` }]);
  }
  const faults = hosts.flatMap((host, index) =>
    typeof host === "string" && HOST_PATTERN.test(host)
      ? []
      : [
          {
            path: `${path}.${index}`,
            message: `must be a host such as shop.example (got ${describeValue(host)})`,
          },
        ],
  );
  if (faults.length > 0) throw usageError(input, faults);
}
