import { type Finding, hint, problem } from "./finding.ts";
import type { ProbeResponse } from "./requests.ts";
import type { SetCookie } from "./set-cookie.ts";

/**
 * Milliseconds by which the server's clock may differ from this machine's clock. Most verifiers of signed tokens
 * tolerate a minute.
 */
const MAX_CLOCK_SKEW = 60_000;

/** Checks whether a shared cache could send one browser's response to another browser. */
export function checkCaching({ headers, url }: ProbeResponse): readonly Finding[] {
  const directives = splitList(headers.get("cache-control"));
  const findings: Finding[] = [];
  if (!directives.some((directive) => /^(private|no-store)\b/.test(directive))) {
    findings.push(
      problem(
        "cacheable",
        `${url.pathname} sets the session cookie, but its Cache-Control lets shared caches store the response.`,
        "Send Cache-Control: private, no-store.",
      ),
    );
  }
  if (!splitList(headers.get("vary")).some((name) => name === "cookie" || name === "*")) {
    findings.push(
      hint(
        "no-vary",
        `${url.pathname} depends on the cookie, but Vary does not list Cookie.`,
        "Send Vary: Cookie, so that a cached response for one user is not sent to another.",
      ),
    );
  }
  return findings;
}

/**
 * Checks whether the server's clock differs from this machine's clock by more than the duration of the request can
 * explain.
 */
export function checkClock({ headers, sentAt, receivedAt, url }: ProbeResponse): readonly Finding[] {
  const date = Date.parse(headers.get("date") ?? "");
  // `Date` is truncated to whole seconds.
  const skew = date + 1000 < sentAt ? date + 1000 - sentAt : Math.max(0, date - receivedAt);
  if (Number.isNaN(date) || Math.abs(skew) <= MAX_CLOCK_SKEW) return [];
  const seconds = Math.round(Math.abs(skew) / 1000);
  return [
    problem(
      "clock",
      `The clock of ${url.host} is ${seconds} seconds ${skew < 0 ? "behind" : "ahead of"} this machine's.`,
      "Synchronize both with NTP. Otherwise cookies with Expires, and signed tokens, end too early or too late.",
    ),
  ];
}

/**
 * Checks for redirects from https to http, which show that the server does not know that requests arrive over https.
 */
export function checkRedirects(responses: readonly ProbeResponse[]): readonly Finding[] {
  for (const { url, status, headers } of responses) {
    const location = status >= 300 && status < 400 ? headers.get("location") : null;
    const target = location === null ? null : URL.parse(location, url.href);
    if (target === null || url.protocol !== "https:") continue;
    const isDowngrade = target.protocol === "http:" && target.hostname === url.hostname;
    if (!isDowngrade && target.href !== url.href) continue;
    const message = isDowngrade
      ? `${url.href} redirects to http, so the server believes that the request came over http.`
      : `${url.href} redirects to itself in a loop; the server may believe that the request came over http.`;
    return [problem("proxy-not-trusted", message, TRUST_PROXY_ADVICE)];
  }
  return [];
}

const TRUST_PROXY_ADVICE =
  "Let the proxy send X-Forwarded-Proto, and configure the application to trust it (trustProxy; in Express `trust proxy`).";

/**
 * Returns the finding for a response without a session cookie.
 *
 * @param isSetOverHttps whether the server sets the cookie if a proxy reports https.
 */
export function checkMissingCookie(
  cookie: string | null,
  status: number | undefined,
  isSetOverHttps: boolean,
): Finding {
  const what = cookie === null ? "session cookie" : `cookie ${cookie}`;
  if (isSetOverHttps) {
    return problem(
      "only-behind-proxy",
      `The response set no ${what}, but does so with X-Forwarded-Proto: https. The server sets it over https only.`,
      "Check the https URL. If that sets no cookie either, the proxy does not send X-Forwarded-Proto.",
    );
  }
  return problem(
    "not-set",
    `The response set no ${what}; its status was ${status}.`,
    "Many applications create a session only at the first change: request a page that creates one " +
      "(--method POST --data …), or name the cookie (--cookie). If the server sets it over https only and a proxy " +
      "terminates TLS, the server must trust the proxy.",
  );
}

/** Checks that the server accepts the cookie that it has just set. */
export function checkAcceptance(session: SetCookie, repeated: ProbeResponse): readonly Finding[] {
  const second = repeated.cookies.find(({ name }) => name === session.name);
  if (second === undefined || second.value === session.value) return [];
  return [
    problem(
      "not-recognised",
      `The server received its own ${session.name} and set a different one: it does not recognise its cookie.`,
      "Give all nodes the same secrets and the same store, and check whether a proxy changes or drops Cookie headers.",
    ),
  ];
}

/** Splits a comma-separated header value, and converts it to lower case. */
export function splitList(value: string | null): readonly string[] {
  return (value ?? "").split(",").map((item) => item.trim().toLowerCase());
}
