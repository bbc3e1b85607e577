import { StartError } from "../start-error.ts";
import { deletesCookie, parseSetCookie, type SetCookie } from "./set-cookie.ts";

/** The request to send. */
export interface ProbeRequest {
  readonly method: string;
  /** The JSON body. */
  readonly data?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A response, with the URL and the time of its request. */
export interface ProbeResponse {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly cookies: readonly SetCookie[];
  /** When the request was sent and when the response headers arrived, in epoch milliseconds by this machine's clock. */
  readonly sentAt: number;
  readonly receivedAt: number;
}

/** Maximum number of responses, including redirects. */
const MAX_RESPONSES = 6;
/** Milliseconds to wait for a response. */
const RESPONSE_TIMEOUT = 10_000;

/**
 * Requests a page without cookies and follows its redirects. Does not let `fetch` follow them, because each response
 * may set cookies.
 *
 * @returns the responses in order. If the target of a redirect fails, the list ends before it.
 * @throws StartError if the first URL does not respond within ten seconds.
 */
export async function followRedirects(start: URL, request: ProbeRequest): Promise<readonly ProbeResponse[]> {
  const responses: ProbeResponse[] = [];
  let next: { readonly url: URL; readonly asking: ProbeRequest } | null = { url: start, asking: request };
  while (next !== null && responses.length < MAX_RESPONSES) {
    const response: ProbeResponse | null = await sendNext(next.url, next.asking, responses.length > 0);
    if (response === null) break;
    responses.push(response);
    const location =
      response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
    const url: URL | null = location === null ? null : URL.parse(location, response.url.href);
    const isFresh =
      url !== null && /^https?:$/.test(url.protocol) && !responses.some((each) => each.url.href === url.href);
    next =
      isFresh && url !== null ? { url, asking: requestAfterRedirect(response.status, next.asking) } : null;
  }
  return responses;
}

async function sendNext(url: URL, request: ProbeRequest, isRedirect: boolean): Promise<ProbeResponse | null> {
  try {
    return await sendRequest(url, request);
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
export async function sendRequest(
  url: URL,
  { method, data, headers = {} }: ProbeRequest,
): Promise<ProbeResponse> {
  const sentAt = Date.now();
  try {
    const response = await fetch(url, {
      method,
      redirect: "manual",
      signal: AbortSignal.timeout(RESPONSE_TIMEOUT),
      headers: { ...(data === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(data === undefined ? {} : { body: data }),
    });
    const receivedAt = Date.now();
    await response.body?.cancel();
    return {
      url,
      status: response.status,
      headers: response.headers,
      cookies: response.headers
        .getSetCookie()
        .map(parseSetCookie)
        .filter((cookie) => !deletesCookie(cookie)),
      sentAt,
      receivedAt,
    };
  } catch (error) {
    throw new StartError([`The request to ${url.origin} failed: ${reasonOf(error)}.`]);
  }
}

/** Returns the request to send after a redirect. Like browsers, repeats method and body only for 307 and 308. */
function requestAfterRedirect(status: number, request: ProbeRequest): ProbeRequest {
  if (status === 307 || status === 308) return request;
  return { method: "GET", ...(request.headers ? { headers: request.headers } : {}) };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "no response within ten seconds";
  const cause = error.cause instanceof Error ? error.cause : error;
  return "code" in cause ? String(cause.code) : cause.message;
}
