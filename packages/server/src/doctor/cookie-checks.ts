import { type Finding, hint, problem } from "./finding.ts";
import { endOf, type SetCookie } from "./set-cookie.ts";
import { isLocal, isPublicSuffix } from "./site.ts";
import type { Stop } from "./visit.ts";

/** Name and value together, bytes (RFC 6265bis §5.6). */
const LARGEST_PAIR = 4096;
const LARGEST_ATTRIBUTE = 1024;
/** What a session's cookie should need; more travels with every request. */
const LARGE_PAIR = 1024;

/** Why a browser would not keep a cookie, or not as it was meant. */
export function checkCookie(cookie: SetCookie, stop: Stop, isSession: boolean): readonly Finding[] {
  return [
    ...checkSecurity(cookie, stop),
    ...checkPrefix(cookie),
    ...checkScope(cookie, stop),
    ...checkSize(cookie),
    ...checkTime(cookie, stop),
    ...(isSession && !cookie.attributes.has("httponly")
      ? [
          hint(
            "readable",
            `Scripts can read the session cookie ${cookie.name}.`,
            "Set HttpOnly, so that a script that was smuggled in cannot carry the session away.",
          ),
        ]
      : []),
  ];
}

function checkSecurity({ name, attributes }: SetCookie, { url }: Stop): Finding[] {
  const isSecure = attributes.has("secure");
  const findings: Finding[] = [];
  if (isSecure && url.protocol === "http:") {
    const advice =
      "Serve the site over https. For development over http, set the cookie without Secure and without a prefix " +
      "(cookie: { secure: false }).";
    findings.push(
      isLocal(url)
        ? hint(
            "secure-on-http",
            `${name} is Secure, and ${url.origin} is not https: Safari drops it.`,
            advice,
          )
        : problem(
            "secure-on-http",
            `${name} is Secure, and ${url.origin} is not https: browsers drop it.`,
            advice,
          ),
    );
  }
  if (!isSecure && url.protocol === "https:") {
    findings.push(
      problem(
        "not-secure",
        `${name} lacks Secure on https. The server may think that it was asked over http.`,
        "Set Secure. If a proxy ends TLS before the server, let it send X-Forwarded-Proto, and trust it (trustProxy).",
      ),
    );
  }
  if (attributes.get("samesite")?.toLowerCase() === "none" && !isSecure) {
    findings.push(
      problem("none-not-secure", `${name} is SameSite=None without Secure: browsers drop it.`, "Set Secure."),
    );
  }
  if (attributes.has("partitioned") && !isSecure) {
    findings.push(
      problem(
        "partitioned-not-secure",
        `${name} is Partitioned without Secure: browsers drop it.`,
        "Set Secure.",
      ),
    );
  }
  return findings;
}

function checkPrefix({ name, attributes }: SetCookie): Finding[] {
  const findings: Finding[] = [];
  const isHost = /^__host-/i.test(name);
  if (!isHost && !/^__secure-/i.test(name)) return findings;
  if (!attributes.has("secure")) {
    findings.push(problem("prefix-not-secure", `${name} lacks Secure: browsers drop it.`, "Set Secure."));
  }
  if (isHost && attributes.get("domain")) {
    findings.push(
      problem(
        "host-prefix-domain",
        `${name} has a Domain, which __Host- forbids: browsers drop it.`,
        "Leave Domain away, or use the prefix __Secure- for a cookie that several hosts share.",
      ),
    );
  }
  if (isHost && attributes.get("path") !== "/") {
    findings.push(
      problem(
        "host-prefix-path",
        `${name} lacks Path=/, which __Host- asks for: browsers drop it.`,
        "Set Path=/.",
      ),
    );
  }
  return findings;
}

function checkScope({ name, attributes }: SetCookie, { url }: Stop): Finding[] {
  const findings: Finding[] = [];
  const domain = attributes.get("domain")?.toLowerCase().replace(/^\./, "");
  const host = url.hostname;
  if (domain && host !== domain && !host.endsWith(`.${domain}`)) {
    findings.push(
      problem(
        "foreign-domain",
        `${name} is for ${domain}, and ${host} is not below it: browsers drop it.`,
        `Leave Domain away, or set one that ${host} belongs to. Behind a proxy, look at what Host it passes on.`,
      ),
    );
  } else if (domain && domain !== host && isPublicSuffix(domain)) {
    findings.push(
      problem(
        "public-suffix",
        `${name} is for ${domain}, which is nobody's: browsers drop it.`,
        "Leave Domain away.",
      ),
    );
  }
  const path = attributes.get("path");
  if (path !== undefined && path !== "/" && path.startsWith("/")) {
    findings.push(
      hint(
        "narrow-path",
        `${name} is sent below ${path} only.`,
        "Set Path=/ if the rest of the site needs it, too.",
      ),
    );
  }
  if (path === undefined && !/^\/[^/]*$/.test(url.pathname)) {
    findings.push(
      problem(
        "no-path",
        `${name} has no Path: it is sent only below the folder of ${url.pathname}.`,
        "Set Path=/, or there will be one cookie per folder.",
      ),
    );
  }
  return findings;
}

function checkSize({ name, value, attributes }: SetCookie): Finding[] {
  const size = Buffer.byteLength(name + value);
  const advice = "Keep the data on the server, and only a token in the cookie.";
  const findings: Finding[] = [];
  if (size > LARGEST_PAIR) {
    findings.push(problem("too-large", `${name} takes ${size} bytes; browsers drop more than 4096.`, advice));
  } else if (size > LARGE_PAIR) {
    findings.push(hint("large", `${name} takes ${size} bytes, in every request.`, advice));
  }
  for (const [attribute, content] of attributes) {
    if (Buffer.byteLength(content) <= LARGEST_ATTRIBUTE) continue;
    const message = `${attribute} of ${name} takes more than 1024 bytes: browsers ignore it.`;
    findings.push(problem("attribute-too-large", message, "Shorten it."));
  }
  return findings;
}

/** Judged by this machine's clock, as the browser judges by its own. */
function checkTime(cookie: SetCookie, { answered }: Stop): Finding[] {
  const end = endOf(cookie, answered);
  if (end === null || end > answered) return [];
  return [
    problem(
      "over-at-once",
      `${cookie.name} is over as soon as it is set (${new Date(end).toISOString()}).`,
      "Use Max-Age, which counts from when it arrives, and look at the server's clock.",
    ),
  ];
}

/** One name more than once in an answer: the browser may keep each, and sends them in an order that nobody chose. */
export function checkDuplicates({ cookies }: Stop): readonly Finding[] {
  const names = cookies.map(({ name }) => name);
  const doubled = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [...doubled].map((name) =>
    problem(
      "duplicates",
      `One answer sets ${name} more than once.`,
      "Set it in one place, with one Domain and one Path. Two session middlewares may both be mounted.",
    ),
  );
}
