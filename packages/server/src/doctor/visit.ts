import { StartError } from "../start-error.ts";
import { isClearing, parseSetCookie, type SetCookie } from "./set-cookie.ts";

/** The request to send. */
export interface Asking {
  readonly method: string;
  /** The JSON body. */
  readonly data?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One response, with its request's URL and times. */
export interface Stop {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly cookies: readonly SetCookie[];
  /** Epoch milliseconds of this machine: when it sent the request, and when it received the response headers. */
  readonly asked: number;
  readonly answered: number;
}

/** Responses, including redirects. */
const MAX_RESPONSES = 6;
/** Milliseconds to wait for a response. */
const TIMEOUT = 10_000;

/**
 * Requests a page without cookies, and follows redirects itself, because each response may set cookies.
 *
 * @returns the responses in order. A failing redirect target ends the list.
 * @throws StartError if the first URL does not respond within ten seconds.
 */
export async function visit(start: URL, asking: Asking): Promise<readonly Stop[]> {
  const stops: Stop[] = [];
  let next: { readonly url: URL; readonly asking: Asking } | null = { url: start, asking };
  while (next !== null && stops.length < MAX_RESPONSES) {
    const stop: Stop | null = await askNext(next.url, next.asking, stops.length > 0);
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

async function askNext(url: URL, asking: Asking, isRedirect: boolean): Promise<Stop | null> {
  try {
    return await ask(url, asking);
  } catch (error) {
    if (isRedirect) return null;
    throw error;
  }
}

/**
 * Sends one request, without following redirects.
 *
 * @throws StartError if there is no response within ten seconds.
 */
export async function ask(url: URL, { method, data, headers = {} }: Asking): Promise<Stop> {
  const asked = Date.now();
  try {
    const response = await fetch(url, {
      method,
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT),
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
    throw new StartError([`The request to ${url.origin} failed: ${reasonOf(error)}.`]);
  }
}

/** The request after a redirect. Like browsers, repeats method and body only for 307 and 308. */
function redirected(status: number, asking: Asking): Asking {
  if (status === 307 || status === 308) return asking;
  return { method: "GET", ...(asking.headers ? { headers: asking.headers } : {}) };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "no response within ten seconds";
  const cause = error.cause instanceof Error ? error.cause : error;
  return "code" in cause ? String(cause.code) : cause.message;
}
