import { StartError } from "../start-error.ts";
import { isClearing, parseSetCookie, type SetCookie } from "./set-cookie.ts";

/** How to ask. */
export interface Asking {
  readonly method: string;
  /** JSON. */
  readonly data?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One answer on the way. */
export interface Stop {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly cookies: readonly SetCookie[];
  /** Epoch milliseconds here, when the request left and when the answer's headers were there. */
  readonly asked: number;
  readonly answered: number;
}

const MOST_STOPS = 6;
const LONGEST_WAIT = 10_000;

/**
 * Asks for a page, as a browser would that has no cookie yet, and follows redirects by hand: each answer may set some.
 *
 * @throws StartError when nobody answers at the start within ten seconds; a redirect that leads nowhere ends the way.
 */
export async function visit(start: URL, asking: Asking): Promise<readonly Stop[]> {
  const stops: Stop[] = [];
  let next: { readonly url: URL; readonly asking: Asking } | null = { url: start, asking };
  while (next !== null && stops.length < MOST_STOPS) {
    const stop: Stop | null = await askOn(next.url, next.asking, stops.length > 0);
    if (stop === null) break;
    stops.push(stop);
    const location = stop.status >= 300 && stop.status < 400 ? stop.headers.get("location") : null;
    const url: URL | null = location === null ? null : URL.parse(location, stop.url.href);
    const isFresh =
      url !== null && /^https?:$/.test(url.protocol) && !stops.some((each) => each.url.href === url.href);
    next = isFresh && url !== null ? { url, asking: redirected(stop.status, next.asking) } : null;
  }
  return stops;
}

async function askOn(url: URL, asking: Asking, isRedirect: boolean): Promise<Stop | null> {
  try {
    return await ask(url, asking);
  } catch (error) {
    if (isRedirect) return null;
    throw error;
  }
}

/** Asks once. Throws StartError when nobody answers within ten seconds. */
export async function ask(url: URL, { method, data, headers = {} }: Asking): Promise<Stop> {
  const asked = Date.now();
  try {
    const response = await fetch(url, {
      method,
      redirect: "manual",
      signal: AbortSignal.timeout(LONGEST_WAIT),
      headers: { ...(data === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(data === undefined ? {} : { body: data }),
    });
    const answered = Date.now();
    await response.body?.cancel();
    return {
      url,
      status: response.status,
      headers: response.headers,
      cookies: response.headers
        .getSetCookie()
        .map(parseSetCookie)
        .filter((cookie) => !isClearing(cookie)),
      asked,
      answered,
    };
  } catch (error) {
    throw new StartError([`${url.origin} cannot be asked: ${reasonOf(error)}.`]);
  }
}

/** As browsers do it: what was posted is not posted again, but for 307 and 308. */
function redirected(status: number, asking: Asking): Asking {
  if (status === 307 || status === 308) return asking;
  return { method: "GET", ...(asking.headers ? { headers: asking.headers } : {}) };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "no answer within ten seconds";
  const cause = error.cause instanceof Error ? error.cause : error;
  return "code" in cause ? String(cause.code) : cause.message;
}
