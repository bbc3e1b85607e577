import { checkCookie, checkDuplicates } from "./cookie-checks.ts";
import type { Finding } from "./finding.ts";
import { checkCors, checkSameSite } from "./frontend-checks.ts";
import { followRedirects, type ProbeRequest, type ProbeResponse, sendRequest } from "./requests.ts";
import {
  checkAcceptance,
  checkCaching,
  checkClock,
  checkMissingCookie,
  checkRedirects,
} from "./response-checks.ts";
import type { SetCookie } from "./set-cookie.ts";

/** Options of {@link examine}. */
export interface ExamineOptions {
  readonly url: URL;
  /** Origin of the page that sends the request. Null: the origin of `url`. */
  readonly frontend: URL | null;
  /** Name of the session cookie. Null: the first cookie with a name such as `sid` or `session`. */
  readonly cookie: string | null;
  readonly request: ProbeRequest;
}

/** The result of {@link examine}. */
export interface Diagnosis {
  /** All responses in order: the redirects, then the final response. */
  readonly responses: readonly ProbeResponse[];
  readonly session: SetCookie | null;
  readonly findings: readonly Finding[];
}

/**
 * Sends the request that a browser would send, and reports the faults that prevent sessions from working. It cannot
 * detect problems with a browser's stored cookies, settings or extensions.
 *
 * @throws StartError if the server does not respond.
 */
export async function examine({
  url,
  frontend,
  cookie,
  request: givenRequest,
}: ExamineOptions): Promise<Diagnosis> {
  const request = frontend
    ? { ...givenRequest, headers: { ...givenRequest.headers, origin: frontend.origin } }
    : givenRequest;
  const responses = await followRedirects(url, request);
  const last = responses.at(-1) ?? null;
  const setter = responses.findLast(({ cookies }) => findSession(cookies, cookie) !== null) ?? null;
  const session = setter && findSession(setter.cookies, cookie);
  const findings: Finding[] = [...checkRedirects(responses)];
  for (const response of responses) {
    findings.push(...checkDuplicates(response));
    for (const each of response.cookies) findings.push(...checkCookie(each, response, each === session));
  }
  if (last) findings.push(...checkClock(last));
  if (setter && session) {
    findings.push(
      ...checkCaching(setter),
      ...checkAcceptance(session, await repeatWithCookies(setter, request)),
    );
    if (frontend) findings.push(...checkSameSite(session, setter.url, frontend));
  } else {
    const overHttps = await repeatAsHttps(url, request);
    const isSetOverHttps = overHttps !== null && findSession(overHttps.cookies, cookie) !== null;
    findings.push(checkMissingCookie(cookie, last?.status, isSetOverHttps));
  }
  if (frontend && last) findings.push(...checkCors(last, await sendPreflight(last.url, frontend), frontend));
  return { responses, session, findings: removeDuplicates(findings) };
}

const SESSION_COOKIE_NAME_PATTERN = /(^|[-_.]|^j|^php)(s|sess|session)(id)?([-_.]|$)/i;

function findSession(cookies: readonly SetCookie[], name: string | null): SetCookie | null {
  return (
    cookies.find((each) =>
      name === null ? SESSION_COOKIE_NAME_PATTERN.test(each.name) : each.name === name,
    ) ?? null
  );
}

/** Repeats the request as if a proxy had received it over https. Returns null for an https URL. */
async function repeatAsHttps(url: URL, request: ProbeRequest): Promise<ProbeResponse | null> {
  if (url.protocol !== "http:") return null;
  return await sendRequest(url, {
    ...request,
    headers: { ...request.headers, "x-forwarded-proto": "https" },
  });
}

async function repeatWithCookies(
  { url, cookies }: ProbeResponse,
  request: ProbeRequest,
): Promise<ProbeResponse> {
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  return await sendRequest(url, { ...request, headers: { ...request.headers, cookie } });
}

async function sendPreflight(url: URL, frontend: URL): Promise<ProbeResponse> {
  const headers = {
    origin: frontend.origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,x-csrf-token",
  };
  return await sendRequest(url, { method: "OPTIONS", headers });
}

/** Removes duplicate findings. Redirects can cause the same finding several times. */
function removeDuplicates(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(
    ({ message }, index) => findings.findIndex((each) => each.message === message) === index,
  );
}
