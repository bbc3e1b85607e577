/** Name of the cookie that identifies a browser for analytics. Its value is a UUID v4. */
export const VISITOR_COOKIE = "visitor_id";

/** Name of the cookie that an opt-out sets. While a browser sends it, nothing is collected. */
export const OPT_OUT_COOKIE = "visitor_optout";

/**
 * Lifetime of the visitor cookie: 395 days. The CNIL allows 13 months for an audience cookie. Any 13 months have more
 * than 395 days.
 */
const VISITOR_COOKIE_SECONDS = 395 * 24 * 60 * 60;

const VISITOR_COOKIE_PREFIX = `${VISITOR_COOKIE}=`;

const UUID_V4_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const isUuid = (value: string) => UUID_V4_PATTERN.test(value);
const isNotEmpty = (value: string) => value !== "";

/**
 * Reads the visitor's id from a `Cookie` header; returns null if there is no valid id.
 *
 * @param expected - the visitor of the request's session. If the cookie has only this value, it is returned without
 *   further checks.
 */
export function visitorIdOf(header: string | undefined, expected: string | null): string | null {
  if (header !== undefined && expected !== null && isOnlyValue(header, expected)) return expected;
  return cookieValue(header, VISITOR_COOKIE, isUuid);
}

/** A fast path: `visitor_id` is in the header once, with this value. */
function isOnlyValue(header: string, value: string): boolean {
  const at = header.indexOf(VISITOR_COOKIE_PREFIX);
  if (at === -1 || header.indexOf(VISITOR_COOKIE_PREFIX, at + 1) !== -1) return false;
  const start = at + VISITOR_COOKIE_PREFIX.length;
  const end = start + value.length;
  const isWhole = at === 0 || header[at - 1] === " " || header[at - 1] === ";";
  return isWhole && header.startsWith(value, start) && (end === header.length || header[end] === ";");
}

/** Returns whether the `Cookie` header says that the browser has opted out of visit tracking. */
export function hasOptedOut(header: string | undefined): boolean {
  return cookieValue(header, OPT_OUT_COOKIE, isNotEmpty) !== null;
}

/**
 * Returns the `Set-Cookie` value for a new visitor. An existing cookie is never renewed, so that it expires 13 months
 * after the first page view.
 */
export function newVisitorCookie(visitorId: string, secure: boolean): string {
  return formatSetCookie(VISITOR_COOKIE, visitorId, VISITOR_COOKIE_SECONDS, secure);
}

/** Returns the `Set-Cookie` values of an opt-out. They delete the visitor cookie and stop the collection. */
export function optOutCookies(secure: boolean): readonly string[] {
  return [
    formatSetCookie(OPT_OUT_COOKIE, "1", VISITOR_COOKIE_SECONDS, secure),
    formatSetCookie(VISITOR_COOKIE, "", 0, secure),
  ];
}

/** Returns the `Set-Cookie` values of an opt-in. The next page view begins a new visitor. */
export function optInCookies(secure: boolean): readonly string[] {
  return [formatSetCookie(OPT_OUT_COOKIE, "", 0, secure), formatSetCookie(VISITOR_COOKIE, "", 0, secure)];
}

function formatSetCookie(name: string, value: string, maxAge: number, secure: boolean): string {
  // Scripts can read the opt-out cookie, because the page's script must stop after an opt-out. No script needs the
  // visitor's id.
  const reader = name === VISITOR_COOKIE ? "HttpOnly; " : "";
  return `${name}=${value}; Max-Age=${maxAge}; Path=/; ${reader}${secure ? "Secure; " : ""}SameSite=Lax`;
}

/** Returns the first value of a cookie that `isValid` accepts. Browsers send `name=value` pairs, separated by `; `. */
function cookieValue(
  header: string | undefined,
  name: string,
  isValid: (value: string) => boolean,
): string | null {
  if (header === undefined) return null;
  for (let at = header.indexOf(name); at !== -1; at = header.indexOf(name, at + 1)) {
    const start = at + name.length + 1;
    const isWhole = at === 0 || header[at - 1] === " " || header[at - 1] === ";";
    if (!isWhole || header[start - 1] !== "=") continue;
    const end = header.indexOf(";", start);
    const value = (end === -1 ? header.slice(start) : header.slice(start, end)).trim();
    if (isValid(value)) return value;
  }
  return null;
}
