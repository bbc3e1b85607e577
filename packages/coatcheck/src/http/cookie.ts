import { stringifySetCookie } from "cookie";
import { CoatcheckError, type Fault } from "../session/errors.ts";

/** When a browser sends the cookie along with requests that another site caused (RFC 6265bis §5.6.7). */
export type SameSite = "lax" | "strict" | "none";

interface Named {
  /** Without prefix; `sid` unless given. A token of RFC 9110: letters, digits and a few signs. */
  readonly name?: string;
}

interface Scoped {
  /** `/` unless given. */
  readonly path?: string;
  /** Absent: the host that set it and no other. With a domain every sibling host can read and overwrite the cookie. */
  readonly domain?: string;
}

interface Encrypted {
  readonly secure?: true;
  readonly sameSite?: SameSite;
  /** One cookie per embedding site (CHIPS): for pages that live in other sites' frames. */
  readonly partitioned?: boolean;
}

/** The default. Bound to one host: no sibling domain, no plain http page can plant or overwrite it (ASVS 5.0 3.3.3). */
export interface HostCookie extends Named, Encrypted {
  readonly prefix?: "__Host-";
  readonly path?: "/";
  readonly domain?: never;
}

/**
 * For sessions that several hosts of a domain share by design (ASVS 5.0 3.3.1); with the empty prefix, for a name that
 * another program prescribes.
 */
export interface SharedCookie extends Named, Encrypted, Scoped {
  readonly prefix: "__Secure-" | "";
}

/** For a site that is not https: no prefix, no `SameSite=None`, since browsers drop both without `Secure`. */
export interface PlainCookie extends Named, Scoped {
  readonly secure: false;
  readonly prefix?: never;
  readonly sameSite?: "lax" | "strict";
  readonly partitioned?: never;
}

/** How a cookie travels. Combinations that a browser would drop, or that open a hole, do not compile. */
export type CookieOptions = HostCookie | SharedCookie | PlainCookie;

/** Whether scripts of the page may read the cookie: never the session's, always the CSRF token's. */
export type CookieReader = "server" | "scripts";

/** The longest that browsers keep a cookie: 400 days, in seconds (RFC 6265bis §5.5). */
export const MAX_COOKIE_AGE = 400 * 24 * 60 * 60;

/** Name and value together, bytes: browsers drop what is longer (RFC 6265bis §5.6; ASVS 5.0 3.3.5). */
const MAX_PAIR_BYTES = 4096;
/** Browsers ignore a longer attribute and use its default instead. */
const MAX_ATTRIBUTE_BYTES = 1024;

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const RESERVED_PREFIX = /^__(host|secure|http)-/i;
const PATH = /^\/[\x21-\x3a\x3c-\x7e]*$/;
const DOMAIN = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;
const COOKIE_OCTETS = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;

/**
 * One cookie: its name, and how it is read, set and cleared. Normalised and checked once, when it is made.
 *
 * @example
 * const cookie = new Cookie({ sameSite: "strict" });
 * cookie.name; // "__Host-sid"
 */
export class Cookie {
  readonly name: string;
  /** Whether browsers keep one cookie of this name at most, so that there are no duplicates to clear. */
  readonly #isUnique: boolean;
  readonly #attributes: Parameters<typeof stringifySetCookie>[0];

  /** @throws CoatcheckError `VALIDATION_FAILED` with the path of each option that a browser would not honour. */
  constructor(options: CookieOptions = {}, reader: CookieReader = "server") {
    const faults = faultsOf(options);
    if (faults.length > 0) {
      throw new CoatcheckError("VALIDATION_FAILED", "The cookie options will not do.", { faults });
    }
    const secure = options.secure !== false;
    const prefix = secure ? (options.prefix ?? "__Host-") : "";
    this.name = prefix + (options.name ?? "sid");
    this.#isUnique = prefix === "__Host-";
    this.#attributes = {
      name: this.name,
      value: "",
      path: options.path ?? "/",
      httpOnly: reader === "server",
      secure,
      sameSite: options.sameSite ?? "lax",
      partitioned: options.partitioned ?? false,
      ...(options.domain === undefined ? {} : { domain: options.domain }),
    };
  }

  /** Every value that the `Cookie` header carries under this name, in the order sent. */
  read(header: string | undefined): readonly string[] {
    return header === undefined ? NONE : cookieValues(header, this.name);
  }

  /**
   * The `Set-Cookie` value that stores `value`.
   *
   * @param maxAge seconds, at most {@link MAX_COOKIE_AGE} counts; absent: until the browser closes.
   * @throws CoatcheckError `VALIDATION_FAILED` when the value is no cookie value or too long.
   */
  set(value: string, maxAge?: number): string {
    if (!COOKIE_OCTETS.test(value) || this.name.length + value.length > MAX_PAIR_BYTES) {
      throw new CoatcheckError("VALIDATION_FAILED", "This value does not fit into a cookie.");
    }
    if (maxAge === undefined) return stringifySetCookie({ ...this.#attributes, value });
    const seconds = Math.min(Math.max(0, Math.floor(maxAge)), MAX_COOKIE_AGE);
    return stringifySetCookie({ ...this.#attributes, value, maxAge: seconds });
  }

  /** The `Set-Cookie` value that makes the browser forget the cookie. */
  clear(): string {
    return stringifySetCookie({ ...this.#attributes, maxAge: 0, expires: new Date(0) });
  }

  /**
   * `Set-Cookie` values that clear cookies of this name from the places beside this one where a browser that asks
   * `host` for `url` may keep them: parent domains, and paths above the one asked for. None of them touches this cookie.
   */
  clearElsewhere(host: string | null, url: string): readonly string[] {
    if (this.#isUnique) return [];
    const { domain: ownDomain, path: ownPath = "/" } = this.#attributes;
    const places: { domain: string | undefined; path: string }[] = [
      ...[undefined, ...domainsOf(host)].map((domain) => ({ domain, path: ownPath })),
      ...pathsOf(url).map((path) => ({ domain: ownDomain, path })),
    ];
    return places
      .filter(({ domain, path }) => domain !== ownDomain || path !== ownPath)
      .map(({ domain, path }) => {
        const { domain: _own, ...attributes } = this.#attributes;
        const place = domain === undefined ? { path } : { path, domain };
        return stringifySetCookie({ ...attributes, ...place, maxAge: 0, expires: new Date(0) });
      });
  }
}

/** How many places are worth a `Set-Cookie` each; deeper ones are not used for sessions. */
const MOST_PLACES = 4;

/** Characters of a host name (RFC 1035 §2.3.4). */
const LONGEST_HOST = 253;

/** The host and its parents down to two labels. An address has none; a browser refuses what is a public suffix. */
export function domainsOf(host: string | null): string[] {
  const name = (host ?? "").toLowerCase().replace(/:\d{1,5}$/, "");
  if (name.length > LONGEST_HOST) return [];
  const labels = name.split(".");
  if (/^\d+$/.test(labels.at(-1) ?? "")) return [];
  const domains = labels.slice(0, -1).map((_label, index) => labels.slice(index).join("."));
  return domains.filter((domain) => DOMAIN.test(domain)).slice(-MOST_PLACES);
}

/** `/`, and each directory above what is asked for: `/`, `/shop`, `/shop/cart` for `/shop/cart?open`. */
function pathsOf(url: string): string[] {
  const [path = "/"] = url.split(/[?#]/, 1);
  const names = path
    .split("/")
    .filter((name) => name !== "")
    .slice(0, MOST_PLACES);
  const paths = names.map((_name, index) => `/${names.slice(0, index + 1).join("/")}`);
  return ["/", ...paths.filter((candidate) => PATH.test(candidate))].slice(0, MOST_PLACES);
}

const NONE: readonly string[] = [];

/**
 * Every value of the cookie `name` in a `Cookie` header, in order.
 *
 * Slices instead of parsing, since a request carries one cookie that matters. As strict as browsers are in sending: a
 * name begins its pair and touches its `=`, only SP and HTAB are trimmed (a no-break space is part of a name), quotes
 * neither hide a `;` nor come off. So a nameless `=__Host-sid=x` or a quoted neighbour cannot smuggle a value in.
 */
export function cookieValues(header: string, name: string): readonly string[] {
  let values: string[] | undefined;
  let at = header.indexOf(name);
  while (at !== -1) {
    const equals = at + name.length;
    if (header.charCodeAt(equals) === EQUALS && beginsPair(header, at)) {
      const semicolon = header.indexOf(";", equals);
      const end = semicolon === -1 ? header.length : semicolon;
      values ??= [];
      values.push(trimmed(header, equals + 1, end));
      at = header.indexOf(name, end);
    } else {
      at = header.indexOf(name, equals);
    }
  }
  return values ?? NONE;
}

const HTAB = 0x09;
const SPACE = 0x20;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;

function isBlank(code: number): boolean {
  return code === SPACE || code === HTAB;
}

function beginsPair(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && isBlank(header.charCodeAt(before))) before--;
  return before < 0 || header.charCodeAt(before) === SEMICOLON;
}

function trimmed(header: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(header.charCodeAt(start))) start++;
  while (end > start && isBlank(header.charCodeAt(end - 1))) end--;
  return header.slice(start, end);
}

/** What the types forbid, checked again for callers whose options come from a file or from JavaScript. */
function faultsOf(options: CookieOptions): Fault[] {
  const faults: Fault[] = [];
  const fault = (path: string, message: string) => faults.push({ path, message });
  const { name = "sid", path = "/", domain, prefix, sameSite = "lax", partitioned } = options;
  const insecure = options.secure === false;

  if (typeof name !== "string" || !TOKEN.test(name) || name.length > 256) {
    fault("name", "must be letters, digits and !#$%&'*+-.^_`|~ only, at most 256");
  } else if (RESERVED_PREFIX.test(name)) {
    fault("name", "must leave the prefix to `prefix`");
  }
  if (prefix !== undefined && prefix !== "__Host-" && prefix !== "__Secure-" && prefix !== "") {
    fault("prefix", "must be __Host-, __Secure- or empty");
  }
  if (insecure && prefix !== undefined) fault("prefix", "needs secure");
  if (typeof path !== "string" || !PATH.test(path) || path.length > MAX_ATTRIBUTE_BYTES) {
    fault("path", "must begin with / and hold no ;, space or control character");
  }
  if (
    domain !== undefined &&
    (typeof domain !== "string" || !DOMAIN.test(domain) || String(domain).length > LONGEST_HOST)
  ) {
    fault("domain", "must be a host name");
  }
  if (!insecure && (prefix === undefined || prefix === "__Host-")) {
    if (path !== "/") fault("path", "must be / under __Host-");
    if (domain !== undefined) fault("domain", "must be absent under __Host-");
  }
  if (sameSite !== "lax" && sameSite !== "strict" && sameSite !== "none") {
    fault("sameSite", "must be lax, strict or none");
  }
  if (insecure && sameSite === "none") fault("sameSite", "none needs secure");
  if (insecure && partitioned) fault("partitioned", "needs secure");
  return faults;
}
