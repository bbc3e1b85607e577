import { checkCookie, checkDuplicates } from "./cookie-checks.ts";
import type { Finding } from "./finding.ts";
import { checkCors, checkSameSite } from "./frontend-checks.ts";
import { checkAbsence, checkCaching, checkClock, checkRedirects, checkReturn } from "./response-checks.ts";
import type { SetCookie } from "./set-cookie.ts";
import { type Asking, ask, type Stop, visit } from "./visit.ts";

/** What is to be looked at. */
export interface Examination {
  readonly url: URL;
  /** Where the page comes from that asks, if not from `url`. */
  readonly frontend: URL | null;
  /** The session cookie's name; null: whichever looks like one. */
  readonly cookie: string | null;
  readonly asking: Asking;
}

/** What was seen, and what is wrong with it. */
export interface Diagnosis {
  /** Each answer on the way. */
  readonly stops: readonly Stop[];
  readonly session: SetCookie | null;
  readonly findings: readonly Finding[];
}

/**
 * Asks as a browser would, and says what keeps a session from working. Cookies in a browser's own jar, its settings and
 * its extensions cannot be seen from here.
 *
 * @throws StartError when nobody answers.
 */
export async function examine({ url, frontend, cookie, asking }: Examination): Promise<Diagnosis> {
  const asked = frontend ? { ...asking, headers: { ...asking.headers, origin: frontend.origin } } : asking;
  const stops = await visit(url, asked);
  const last = stops.at(-1) ?? null;
  const setter = stops.findLast(({ cookies }) => sessionAmong(cookies, cookie) !== null) ?? null;
  const session = setter && sessionAmong(setter.cookies, cookie);
  const findings: Finding[] = [...checkRedirects(stops)];
  for (const stop of stops) {
    findings.push(...checkDuplicates(stop));
    for (const each of stop.cookies) findings.push(...checkCookie(each, stop, each === session));
  }
  if (last) findings.push(...checkClock(last));
  if (setter && session) {
    findings.push(...checkCaching(setter), ...checkReturn(session, await cameBack(setter, asked)));
    if (frontend) findings.push(...checkSameSite(session, setter.url, frontend));
  } else {
    const encrypted = await asEncrypted(url, asked);
    const isSetAsEncrypted = encrypted !== null && sessionAmong(encrypted.cookies, cookie) !== null;
    findings.push(checkAbsence(cookie, last?.status, isSetAsEncrypted));
  }
  if (frontend && last) findings.push(...checkCors(last, await preflight(last.url, frontend), frontend));
  return { stops, session, findings: unique(findings) };
}

const LOOKS_LIKE_ONE = /(^|[-_.]|^j|^php)(s|sess|session)(id)?([-_.]|$)/i;

function sessionAmong(cookies: readonly SetCookie[], name: string | null): SetCookie | null {
  return (
    cookies.find((each) => (name === null ? LOOKS_LIKE_ONE.test(each.name) : each.name === name)) ?? null
  );
}

/** What the server does when a proxy says that the browser is on https; only asked of a server on http. */
async function asEncrypted(url: URL, asking: Asking): Promise<Stop | null> {
  if (url.protocol !== "http:") return null;
  return await ask(url, { ...asking, headers: { ...asking.headers, "x-forwarded-proto": "https" } });
}

async function cameBack({ url, cookies }: Stop, asking: Asking): Promise<Stop> {
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  return await ask(url, { ...asking, headers: { ...asking.headers, cookie } });
}

async function preflight(url: URL, frontend: URL): Promise<Stop> {
  const headers = {
    origin: frontend.origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,x-csrf-token",
  };
  return await ask(url, { method: "OPTIONS", headers });
}

/** A fault in each of several redirects is still one fault. */
function unique(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(
    ({ message }, index) => findings.findIndex((each) => each.message === message) === index,
  );
}
