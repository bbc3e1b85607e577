import { type Finding, hint, problem } from "./finding.ts";
import type { SetCookie } from "./set-cookie.ts";
import type { Stop } from "./visit.ts";

/** Milliseconds that a clock may be off; a minute is what most signed tokens allow for. */
const MOST_SKEW = 60_000;

/** Whether a cache between server and browser might hand one browser's answer to another. */
export function checkCaching({ headers, url }: Stop): readonly Finding[] {
  const directives = list(headers.get("cache-control"));
  const findings: Finding[] = [];
  if (!directives.some((directive) => /^(private|no-store)\b/.test(directive))) {
    findings.push(
      problem(
        "cacheable",
        `${url.pathname} sets the session cookie, and no Cache-Control keeps shared caches from storing it.`,
        "Answer with Cache-Control: private, no-store.",
      ),
    );
  }
  if (!list(headers.get("vary")).some((name) => name === "cookie" || name === "*")) {
    findings.push(
      hint(
        "no-vary",
        `${url.pathname} depends on the cookie, and Vary does not say so.`,
        "Answer with Vary: Cookie, so that a copy made for a stranger is not shown to who is logged in.",
      ),
    );
  }
  return findings;
}

/** Whether the server's clock and this machine's agree; the answer's way, there and back, excepted. */
export function checkClock({ headers, asked, answered, url }: Stop): readonly Finding[] {
  const date = Date.parse(headers.get("date") ?? "");
  // `Date` is cut to whole seconds.
  const skew = date + 1000 < asked ? date + 1000 - asked : Math.max(0, date - answered);
  if (Number.isNaN(date) || Math.abs(skew) <= MOST_SKEW) return [];
  const seconds = Math.round(Math.abs(skew) / 1000);
  return [
    problem(
      "clock",
      `The clock of ${url.host} is ${seconds} seconds ${skew < 0 ? "behind" : "ahead of"} this machine's.`,
      "Keep time by NTP on both: cookies with Expires end early or late, and signed tokens with them.",
    ),
  ];
}

/** What redirects say of whom the server believes to have been asked. */
export function checkRedirects(stops: readonly Stop[]): readonly Finding[] {
  for (const { url, status, headers } of stops) {
    const location = status >= 300 && status < 400 ? headers.get("location") : null;
    const target = location === null ? null : URL.parse(location, url.href);
    if (target === null || url.protocol !== "https:") continue;
    const isDowngrade = target.protocol === "http:" && target.hostname === url.hostname;
    if (!isDowngrade && target.href !== url.href) continue;
    const message = isDowngrade
      ? `${url.href} redirects to http, so the server believes that it was asked over http.`
      : `${url.href} redirects to itself for ever; the server may believe that it was asked over http.`;
    return [problem("proxy-not-trusted", message, TRUST_THE_PROXY)];
  }
  return [];
}

const TRUST_THE_PROXY =
  "Let the proxy send X-Forwarded-Proto, and trust it in the application (trustProxy; in Express `trust proxy`).";

/**
 * Why a session cookie may not have been set.
 *
 * @param isSetAsEncrypted whether it is when a proxy says that the browser is on https.
 */
export function checkAbsence(
  cookie: string | null,
  status: number | undefined,
  isSetAsEncrypted: boolean,
): Finding {
  const what = cookie === null ? "session cookie" : `cookie ${cookie}`;
  if (isSetAsEncrypted) {
    return problem(
      "only-behind-proxy",
      `No ${what} was set, but one is when X-Forwarded-Proto says https: the server sets it over https only.`,
      "Ask for the https URL. If that sets none either, the proxy does not send X-Forwarded-Proto.",
    );
  }
  return problem(
    "not-set",
    `No ${what} was set; the answer was ${status}.`,
    "A session is often made with the first change only: ask for a page that makes one (--method POST --data …), or " +
      "name the cookie (--cookie). If it is set over https only and a proxy ends TLS, the server must trust the proxy.",
  );
}

/** Whether the server takes back the cookie that it has just set. */
export function checkReturn(session: SetCookie, again: Stop): readonly Finding[] {
  const second = again.cookies.find(({ name }) => name === session.name);
  if (second === undefined || second.value === session.value) return [];
  return [
    problem(
      "not-recognised",
      `The server was sent ${session.name} back and set another: it does not know its own cookie.`,
      "Give all nodes the same secrets and the same store, and look whether a proxy changes or drops Cookie headers.",
    ),
  ];
}

/** A header's list of values, in lower case. */
export function list(value: string | null): readonly string[] {
  return (value ?? "").split(",").map((item) => item.trim().toLowerCase());
}
