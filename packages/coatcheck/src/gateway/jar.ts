import { Cookie, CookieJar, MemoryCookieStore } from "tough-cookie";

/** A cookie as the session stores it: the fields of RFC 6265 §5.3 that decide where it is sent. */
export interface StoredCookie {
  readonly key: string;
  readonly value: string;
  readonly domain: string;
  readonly path: string;
  readonly hostOnly?: true;
  readonly secure?: true;
  readonly httpOnly?: true;
  readonly sameSite?: string;
  /** ISO 8601. Absent for a cookie that lasts as long as the session. */
  readonly expires?: string;
}

/** Limits the name and value of one cookie together. Browsers ignore a larger cookie (RFC 6265bis §5.7). */
const MAX_COOKIE_BYTES = 4096;
/** Limits the `Path` attribute, in characters. Browsers ignore a longer attribute (RFC 6265bis §5.6). */
const MAX_PATH_LENGTH = 1024;
/**
 * Maximum total size of the names and values of a session's cookies, in bytes. Above it, the oldest cookies are
 * dropped.
 */
const MAX_JAR_BYTES = 8192;
/**
 * Limits the JSON of all cookies of a session. Needed for many small cookies, whose attributes are larger than their
 * values.
 */
const MAX_STORED_BYTES = 2 * MAX_JAR_BYTES;
/** The latest time of a `Date`, epoch milliseconds (ECMA-262 §21.4.1.1). A `Max-Age` can lie beyond it. */
const MAX_DATE_MILLISECONDS = 8.64e15;

/** The cookie jar of one session at the upstream, oldest cookie first. tough-cookie applies the rules of RFC 6265. */
export class Jar {
  readonly #store = new MemoryCookieStore();
  readonly #jar = new CookieJar(this.#store);

  constructor(cookies: readonly StoredCookie[]) {
    for (const each of cookies) {
      const cookie = Cookie.fromJSON({ hostOnly: false, ...each });
      if (cookie) void this.#store.putCookie(cookie);
    }
  }

  /** Returns the `Cookie` header for a request to `url`; empty when no cookie matches. */
  cookieHeader(url: URL): string {
    return this.#jar.getCookieStringSync(url.href);
  }

  /** Returns the value of the cookie `name` for a request to `url`; null if no such cookie matches. */
  cookieValue(name: string, url: URL): string | null {
    return this.#jar.getCookiesSync(url.href).find(({ key }) => key === name)?.value ?? null;
  }

  /**
   * Stores the `Set-Cookie` headers of a response from `url`. Ignores malformed cookies and those for another domain.
   */
  setFromHeaders(headers: readonly string[], url: URL): void {
    for (const header of headers) {
      const cookie = Cookie.parse(header);
      if (!cookie || Buffer.byteLength(cookie.key + cookie.value) > MAX_COOKIE_BYTES) continue;
      if (cookie.path && cookie.path.length > MAX_PATH_LENGTH) continue;
      this.#jar.setCookieSync(cookie, url.href, { ignoreError: true });
    }
  }

  /** Returns the cookies to store: the newest ones that have not expired and fit into the size limits. */
  cookies(): StoredCookie[] {
    const newest: StoredCookie[] = [];
    let size = 0;
    let storedSize = 0;
    for (const cookie of this.#allCookies().reverse()) {
      if (cookie.TTL() <= 0) continue;
      const next = toStoredCookie(cookie);
      size += Buffer.byteLength(cookie.key + cookie.value);
      storedSize += Buffer.byteLength(JSON.stringify(next));
      if (size > MAX_JAR_BYTES || storedSize > MAX_STORED_BYTES) break;
      newest.unshift(next);
    }
    return newest;
  }

  #allCookies(): Cookie[] {
    let all: Cookie[] = [];
    this.#store.getAllCookies((_error, cookies) => {
      all = cookies ?? [];
    });
    return all;
  }
}

function toStoredCookie(cookie: Cookie): StoredCookie {
  const { key, value, sameSite } = cookie;
  const expiry = cookie.expiryTime();
  return {
    key,
    value,
    domain: cookie.domain ?? "",
    path: cookie.path ?? "/",
    ...(cookie.hostOnly ? { hostOnly: true } : {}),
    ...(cookie.secure ? { secure: true } : {}),
    ...(cookie.httpOnly ? { httpOnly: true } : {}),
    ...(sameSite ? { sameSite } : {}),
    ...(expiry !== undefined && expiry <= MAX_DATE_MILLISECONDS
      ? { expires: new Date(expiry).toISOString() }
      : {}),
  };
}

/**
 * Merges the cookies that one response changed into the current cookies (three-way merge).
 *
 * If another request has changed a cookie in the meantime, that change wins, because the upstream did not know of it
 * when it sent this response. If two concurrent first requests each receive a `PHPSESSID`, the session keeps the one
 * that was stored first.
 *
 * @param before - the cookies that the request was sent with.
 * @param after - the same cookies with the changes of the response.
 * @param current - the cookies that the session has now.
 * @returns `current` itself when nothing changes.
 */
export function mergeCookies(
  before: readonly StoredCookie[],
  after: readonly StoredCookie[],
  current: readonly StoredCookie[],
): readonly StoredCookie[] {
  const [old, fresh, merged] = [indexByIdentity(before), indexByIdentity(after), indexByIdentity(current)];
  let changed = false;
  for (const identity of new Set([...old.keys(), ...fresh.keys()])) {
    const cookie = fresh.get(identity);
    const changedElsewhere = !areCookiesEqual(old.get(identity), merged.get(identity));
    if (areCookiesEqual(old.get(identity), cookie) || changedElsewhere) continue;
    changed = true;
    if (cookie) merged.set(identity, cookie);
    else merged.delete(identity);
  }
  return changed ? [...merged.values()] : current;
}

/**
 * Indexes cookies by name, domain and path. A cookie replaces another cookie for which these three are equal (RFC 6265
 * §5.3).
 */
function indexByIdentity(cookies: readonly StoredCookie[]): Map<string, StoredCookie> {
  return new Map(cookies.map((cookie) => [`${cookie.key}\n${cookie.domain}\n${cookie.path}`, cookie]));
}

function areCookiesEqual(left: StoredCookie | undefined, right: StoredCookie | undefined): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}
