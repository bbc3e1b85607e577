import { Cookie, CookieJar, MemoryCookieStore } from "tough-cookie";

/** A cookie as the session keeps it: the fields of RFC 6265 §5.3 that decide where it is sent. */
export interface StoredCookie {
  readonly key: string;
  readonly value: string;
  readonly domain: string;
  readonly path: string;
  readonly hostOnly?: true;
  readonly secure?: true;
  readonly httpOnly?: true;
  readonly sameSite?: string;
  /** ISO 8601; absent for as long as the session lives. */
  readonly expires?: string;
}

/** Bytes of name and value; browsers ignore a larger cookie (RFC 6265bis §5.7). */
const LARGEST_COOKIE = 4096;
/** Characters; browsers ignore an attribute that is longer (RFC 6265bis §5.6). */
const LONGEST_PATH = 1024;
/** Bytes of all cookies of a session together. The session that keeps them is small, so the oldest leave. */
const LARGEST_JAR = 8192;
/** Bytes of the same as they are kept: very many small ones are mostly what is said about them. */
const LARGEST_KEPT = 2 * LARGEST_JAR;
/** The last moment that a `Date` can tell (ECMA-262 §21.4.1.1); `Max-Age` may be as long as anybody likes. */
const LATEST = 8.64e15;

/** The cookies of one session at the upstream: what tough-cookie makes of them, oldest first. */
export class Jar {
  readonly #store = new MemoryCookieStore();
  readonly #jar = new CookieJar(this.#store);

  constructor(cookies: readonly StoredCookie[]) {
    for (const each of cookies) {
      const cookie = Cookie.fromJSON({ hostOnly: false, ...each });
      if (cookie) void this.#store.putCookie(cookie);
    }
  }

  /** The `Cookie` header for a request to `url`; empty when none is due. */
  header(url: URL): string {
    return this.#jar.getCookieStringSync(url.href);
  }

  /** The value of the cookie of this name that would be sent to `url`; null when none would. */
  value(name: string, url: URL): string | null {
    return this.#jar.getCookiesSync(url.href).find(({ key }) => key === name)?.value ?? null;
  }

  /** Takes the `Set-Cookie` headers of an answer from `url`. One for another domain, or malformed, is passed over. */
  take(headers: readonly string[], url: URL): void {
    for (const header of headers) {
      const cookie = Cookie.parse(header);
      if (!cookie || Buffer.byteLength(cookie.key + cookie.value) > LARGEST_COOKIE) continue;
      if (cookie.path && cookie.path.length > LONGEST_PATH) continue;
      this.#jar.setCookieSync(cookie, url.href, { ignoreError: true });
    }
  }

  /** What is to be kept: neither what has expired, nor what is too much. */
  cookies(): StoredCookie[] {
    const kept: StoredCookie[] = [];
    let size = 0;
    let sizeKept = 0;
    for (const cookie of this.#all().reverse()) {
      if (cookie.TTL() <= 0) continue;
      const next = stored(cookie);
      size += Buffer.byteLength(cookie.key + cookie.value);
      sizeKept += Buffer.byteLength(JSON.stringify(next));
      if (size > LARGEST_JAR || sizeKept > LARGEST_KEPT) break;
      kept.unshift(next);
    }
    return kept;
  }

  #all(): Cookie[] {
    let all: Cookie[] = [];
    this.#store.getAllCookies((_error, cookies) => {
      all = cookies ?? [];
    });
    return all;
  }
}

function stored(cookie: Cookie): StoredCookie {
  const { key, value, sameSite } = cookie;
  const ends = cookie.expiryTime();
  return {
    key,
    value,
    domain: cookie.domain ?? "",
    path: cookie.path ?? "/",
    ...(cookie.hostOnly ? { hostOnly: true } : {}),
    ...(cookie.secure ? { secure: true } : {}),
    ...(cookie.httpOnly ? { httpOnly: true } : {}),
    ...(sameSite ? { sameSite } : {}),
    ...(ends !== undefined && ends <= LATEST ? { expires: new Date(ends).toISOString() } : {}),
  };
}

/**
 * Carries over to `current` what an answer changed between `before` (the cookies its request was sent with) and
 * `after`. A cookie that somebody else changed meanwhile stays as they left it: the answer was made without knowing it.
 * So of two first requests that were each given a `PHPSESSID`, one wins for both.
 */
export function mergeCookies(
  before: readonly StoredCookie[],
  after: readonly StoredCookie[],
  current: readonly StoredCookie[],
): readonly StoredCookie[] {
  const [old, fresh, merged] = [byIdentity(before), byIdentity(after), byIdentity(current)];
  let changed = false;
  for (const identity of new Set([...old.keys(), ...fresh.keys()])) {
    const cookie = fresh.get(identity);
    const unseen = !equalCookies(old.get(identity), merged.get(identity));
    if (equalCookies(old.get(identity), cookie) || unseen) continue;
    changed = true;
    if (cookie) merged.set(identity, cookie);
    else merged.delete(identity);
  }
  return changed ? [...merged.values()] : current;
}

/** RFC 6265 §5.3: name, domain and path together are what a cookie is replaced by. */
function byIdentity(cookies: readonly StoredCookie[]): Map<string, StoredCookie> {
  return new Map(cookies.map((cookie) => [`${cookie.key}\n${cookie.domain}\n${cookie.path}`, cookie]));
}

function equalCookies(left: StoredCookie | undefined, right: StoredCookie | undefined): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}
