import { stringifySetCookie } from "cookie";
import { CoatcheckError, type Fault } from "../session/errors.ts";
import { type KnownOptions, requireKnownOptions } from "../session/known-options.ts";
import type { SessionRecord } from "../session/record.ts";

/** Whether a browser sends the cookie with requests that another site initiated (RFC 6265bis §5.6.7). */
export type SameSite = "lax" | "strict" | "none";

interface CookieName {
  /** The name without its prefix: a `token` in the grammar of RFC 9110 §5.6.2. Default: `sid`. */
  readonly name?: string;
}

interface CookieScope {
  /** Default: `/`. */
  readonly path?: string;
  /**
   * Default: only the host that set the cookie receives it. With a domain, every host below that domain can read and
   * overwrite it.
   */
  readonly domain?: string;
}

interface SecureCookie {
  readonly secure?: true;
  /** Default: `lax`. */
  readonly sameSite?: SameSite;
  /**
   * Whether the browser stores a separate cookie for each site that embeds this one in a frame (CHIPS). Default: false.
   */
  readonly partitioned?: boolean;
}

/**
 * The default: a cookie bound to one host. Neither a sibling domain nor a plain http page can set or overwrite it
 * (ASVS 5.0 3.3.3).
 */
export interface HostCookie extends CookieName, SecureCookie {
  readonly prefix?: "__Host-";
  readonly path?: "/";
  readonly domain?: never;
}

/**
 * A cookie for sessions that several hosts of a domain share by design (ASVS 5.0 3.3.1). An empty prefix allows any
 * name, for example one that another program expects.
 */
export interface SharedCookie extends CookieName, SecureCookie, CookieScope {
  readonly prefix: "__Secure-" | "";
}

/**
 * A cookie for a site without https. Browsers drop a cookie without `Secure` that has a prefix or `SameSite=None`, so
 * neither is allowed.
 */
export interface PlainCookie extends CookieName, CookieScope {
  readonly secure: false;
  readonly prefix?: never;
  readonly sameSite?: "lax" | "strict";
  readonly partitioned?: never;
}

/** The attributes of a cookie. Combinations that browsers drop, or that are unsafe, do not compile. */
export type CookieOptions = HostCookie | SharedCookie | PlainCookie;

/**
 * Who can read the cookie: only the server (`HttpOnly`, for the session cookie), or also scripts (for the CSRF token).
 */
export type CookieAudience = "server" | "scripts";

/** The longest lifetime that browsers give a cookie, in seconds: 400 days (RFC 6265bis §5.5). */
export const MAX_COOKIE_AGE = 400 * 24 * 60 * 60;

/**
 * The maximum length of a cookie's name and value together, in bytes. Browsers drop longer cookies (RFC 6265bis §5.6;
 * ASVS 5.0 3.3.5).
 */
const MAX_PAIR_BYTES = 4096;
/** The longest attribute, in bytes. Browsers ignore a longer attribute and use its default. */
const MAX_ATTRIBUTE_BYTES = 1024;

const COOKIE_OPTIONS = {
  name: true,
  prefix: true,
  path: true,
  domain: true,
  secure: "boolean",
  sameSite: true,
  partitioned: "boolean",
} satisfies KnownOptions<CookieOptions>;

const COOKIE_NAME_PATTERN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const RESERVED_PREFIX_PATTERN = /^__(host|secure|http)-/i;
const COOKIE_PATH_PATTERN = /^\/[\x21-\x3a\x3c-\x7e]*$/;
const COOKIE_DOMAIN_PATTERN = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const COOKIE_VALUE_PATTERN = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;

/**
 * Reads, sets and clears one cookie. The constructor validates the options once.
 *
 * @example
 * const cookie = new Cookie({ sameSite: "strict" });
 * cookie.name; // "__Host-sid"
 */
export class Cookie {
  readonly name: string;
  readonly sameSite: SameSite;
  readonly secure: boolean;
  /** The domain whose hosts share the cookie; undefined for a cookie of one host. */
  readonly domain: string | undefined;
  /** Whether the prefix makes browsers store at most one cookie of this name, so that there are no duplicates. */
  readonly #isUnique: boolean;
  readonly #attributes: Parameters<typeof stringifySetCookie>[0];

  /**
   * @throws UsageError for an unknown option; CoatcheckError `VALIDATION_FAILED` with a fault for each option that a
   *   browser would not honour.
   */
  constructor(options: CookieOptions = {}, audience: CookieAudience = "server") {
    requireKnownOptions("cookie options", options, COOKIE_OPTIONS);
    const faults = cookieOptionFaults(options);
    const [fault] = faults;
    if (fault) {
      const message = `Invalid cookie options: ${fault.path} ${fault.message}.`;
      throw new CoatcheckError("VALIDATION_FAILED", message, { faults });
    }
    const secure = options.secure !== false;
    this.secure = secure;
    this.domain = options.domain;
    const prefix = secure ? (options.prefix ?? "__Host-") : "";
    this.name = prefix + (options.name ?? "sid");
    this.sameSite = options.sameSite ?? "lax";
    this.#isUnique = prefix === "__Host-";
    this.#attributes = {
      name: this.name,
      value: "",
      path: options.path ?? "/",
      httpOnly: audience === "server",
      secure,
      sameSite: this.sameSite,
      partitioned: options.partitioned ?? false,
      ...(options.domain === undefined ? {} : { domain: options.domain }),
    };
  }

  /** Returns all values of this cookie in a `Cookie` header, in the order sent. */
  read(header: string | undefined): readonly string[] {
    return header === undefined ? NO_VALUES : cookieValues(header, this.name);
  }

  /**
   * Returns the `Set-Cookie` value that sets the cookie to `value`.
   *
   * @param maxAge seconds, capped at {@link MAX_COOKIE_AGE}. Default: until the browser closes.
   * @throws CoatcheckError `VALIDATION_FAILED` when `value` has characters that a cookie cannot carry, or is too long.
   */
  set(value: string, maxAge?: number): string {
    if (!COOKIE_VALUE_PATTERN.test(value) || this.name.length + value.length > MAX_PAIR_BYTES) {
      const limit = MAX_PAIR_BYTES - this.name.length;
      const message = `Invalid value of the cookie ${this.name}: must be at most ${limit} cookie-octets (RFC 6265).`;
      throw new CoatcheckError("VALIDATION_FAILED", message);
    }
    if (maxAge === undefined) return stringifySetCookie({ ...this.#attributes, value });
    const seconds = Math.min(Math.max(0, Math.floor(maxAge)), MAX_COOKIE_AGE);
    return stringifySetCookie({ ...this.#attributes, value, maxAge: seconds });
  }

  /** Returns the `Set-Cookie` value that makes the browser delete the cookie. */
  clear(): string {
    return stringifySetCookie({ ...this.#attributes, maxAge: 0, expires: new Date(0) });
  }

  /**
   * Returns the `Set-Cookie` values that delete duplicates of this cookie: cookies of the same name that a browser
   * sends with a request for `url` on `host`, but that were set for a parent domain or another path. This cookie itself
   * is kept.
   */
  clearDuplicates(host: string | null, url: string): readonly string[] {
    if (this.#isUnique) return [];
    const { domain: ownDomain, path: ownPath = "/" } = this.#attributes;
    const locations: { domain: string | undefined; path: string }[] = [
      ...[undefined, ...domainsOf(host)].map((domain) => ({ domain, path: ownPath })),
      ...pathPrefixesOf(url).map((path) => ({ domain: ownDomain, path })),
    ];
    return locations
      .filter(({ domain, path }) => domain !== ownDomain || path !== ownPath)
      .map(({ domain, path }) => {
        const { domain: _own, ...attributes } = this.#attributes;
        const location = domain === undefined ? { path } : { path, domain };
        return stringifySetCookie({ ...attributes, ...location, maxAge: 0, expires: new Date(0) });
      });
  }
}

/**
 * Returns the `Max-Age` of a session's cookie, in seconds: until the absolute timeout, because the server checks the
 * idle timeout itself. Undefined if the login has requested a cookie that the browser deletes when it closes.
 */
export function cookieMaxAge(record: SessionRecord): number | undefined {
  if (record.rememberMe === false) return undefined;
  const until = record.actor?.sessionExpiresAt ?? record.expiresAt;
  return (until - Math.max(record.lastSeenAt, record.rotatedAt)) / 1000;
}

/**
 * The number of paths, and the number of domains, for which duplicates are deleted. It limits the `Set-Cookie` headers
 * of a response. Session cookies on deeper paths or domains are unusual.
 */
const MAX_CLEARED_LOCATIONS = 4;

/** The longest host name, in characters (RFC 1035 §2.3.4). */
const MAX_HOST_LENGTH = 253;

/**
 * Returns the host and its parent domains of at least two labels; an empty list for an IP address. The result may
 * include public suffixes such as `co.uk`, for which browsers ignore cookies.
 */
export function domainsOf(host: string | null): string[] {
  const name = (host ?? "").toLowerCase().replace(/:\d{1,5}$/, "");
  if (name.length > MAX_HOST_LENGTH) return [];
  const labels = name.split(".");
  if (/^\d+$/.test(labels.at(-1) ?? "")) return [];
  const domains = labels.slice(0, -1).map((_label, index) => labels.slice(index).join("."));
  return domains.filter((domain) => COOKIE_DOMAIN_PATTERN.test(domain)).slice(-MAX_CLEARED_LOCATIONS);
}

/** Returns `/` and every prefix of the requested path: `/`, `/shop` and `/shop/cart` for `/shop/cart?open`. */
function pathPrefixesOf(url: string): string[] {
  const [path = "/"] = url.split(/[?#]/, 1);
  const names = path
    .split("/")
    .filter((name) => name !== "")
    .slice(0, MAX_CLEARED_LOCATIONS);
  const paths = names.map((_name, index) => `/${names.slice(0, index + 1).join("/")}`);
  return ["/", ...paths.filter((candidate) => COOKIE_PATH_PATTERN.test(candidate))].slice(
    0,
    MAX_CLEARED_LOCATIONS,
  );
}

const NO_VALUES: readonly string[] = [];

/**
 * Returns all values of the cookie `name` in a `Cookie` header, in the order sent.
 *
 * Searches for the name instead of parsing the whole header, because a request carries only one cookie of interest.
 * Accepts only what browsers send: the name starts its pair and is directly followed by `=`; only SP and HTAB are
 * trimmed (a no-break space is part of a name); a `;` in quotes still ends the value, and quotes are not removed. This
 * prevents an attacker from injecting a value with a nameless cookie (`=__Host-sid=x`) or inside a quoted value.
 */
export function cookieValues(header: string, name: string): readonly string[] {
  let values: string[] | undefined;
  let at = header.indexOf(name);
  while (at !== -1) {
    const equals = at + name.length;
    if (header.charCodeAt(equals) === EQUALS_CODE && isStartOfPair(header, at)) {
      const semicolon = header.indexOf(";", equals);
      const end = semicolon === -1 ? header.length : semicolon;
      values ??= [];
      values.push(sliceTrimmed(header, equals + 1, end));
      at = header.indexOf(name, end);
    } else {
      at = header.indexOf(name, equals);
    }
  }
  return values ?? NO_VALUES;
}

const TAB_CODE = 0x09;
const SPACE_CODE = 0x20;
const SEMICOLON_CODE = 0x3b;
const EQUALS_CODE = 0x3d;

function isBlank(code: number): boolean {
  return code === SPACE_CODE || code === TAB_CODE;
}

function isStartOfPair(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && isBlank(header.charCodeAt(before))) before--;
  return before < 0 || header.charCodeAt(before) === SEMICOLON_CODE;
}

function sliceTrimmed(header: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(header.charCodeAt(start))) start++;
  while (end > start && isBlank(header.charCodeAt(end - 1))) end--;
  return header.slice(start, end);
}

/** Checks at run time what the types forbid, for callers that use JavaScript or read the options from a file. */
function cookieOptionFaults(options: CookieOptions): Fault[] {
  const faults: Fault[] = [];
  const fault = (path: string, message: string) => faults.push({ path, message });
  const { name = "sid", path = "/", domain, prefix, sameSite = "lax", partitioned } = options;
  const insecure = options.secure === false;

  if (typeof name !== "string" || !COOKIE_NAME_PATTERN.test(name) || name.length > 256) {
    fault("name", "must be at most 256 letters, digits and characters of !#$%&'*+-.^_`|~");
  } else if (RESERVED_PREFIX_PATTERN.test(name)) {
    fault("name", "must not include a prefix: use the option prefix instead");
  }
  if (prefix !== undefined && prefix !== "__Host-" && prefix !== "__Secure-" && prefix !== "") {
    fault("prefix", 'must be "__Host-", "__Secure-" or ""');
  }
  if (insecure && prefix !== undefined) fault("prefix", "must be omitted when secure is false");
  if (typeof path !== "string" || !COOKIE_PATH_PATTERN.test(path) || path.length > MAX_ATTRIBUTE_BYTES) {
    fault("path", "must start with / and contain no semicolon, space or control character");
  }
  if (domain !== undefined) {
    const message = domainFault(domain);
    if (message !== null) fault("domain", message);
  }
  if (!insecure && (prefix === undefined || prefix === "__Host-")) {
    if (path !== "/") fault("path", "must be / with the prefix __Host-");
    if (domain !== undefined)
      fault("domain", "must be omitted with the prefix __Host-: use the prefix __Secure-");
  }
  if (sameSite !== "lax" && sameSite !== "strict" && sameSite !== "none") {
    fault("sameSite", 'must be "lax", "strict" or "none"');
  }
  if (insecure && sameSite === "none") fault("sameSite", 'must not be "none" when secure is false');
  if (insecure && partitioned) fault("partitioned", "must be omitted when secure is false");
  return faults;
}

/** Returns what is wrong with a cookie's domain; null for a valid domain. */
function domainFault(domain: unknown): string | null {
  if (typeof domain !== "string" || domain.length > MAX_HOST_LENGTH) return "must be a host name";
  if (domain.startsWith(".")) return `must have no leading dot: write "${domain.slice(1)}"`;
  if (!COOKIE_DOMAIN_PATTERN.test(domain)) return "must be a host name";
  if (!domain.includes(".") && domain !== "localhost")
    return "must have at least two labels: browsers drop a cookie for a whole top-level domain";
  return null;
}
