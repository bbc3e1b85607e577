import { type Finding, hint, problem } from "./finding.ts";
import type { ProbeResponse } from "./requests.ts";
import { expiryOf, type SetCookie } from "./set-cookie.ts";
import { isLocal, isPublicSuffix } from "./site.ts";

/** Maximum bytes of name and value together (RFC 6265bis §5.6). */
const MAX_PAIR_BYTES = 4096;
/** Maximum bytes of one attribute value (RFC 6265bis §5.6). */
const MAX_ATTRIBUTE_BYTES = 1024;
/** Size in bytes above which a session cookie is reported as large. Browsers send it with every request. */
const LARGE_PAIR_BYTES = 1024;

/** Checks whether a browser would store the cookie as the server intends. */
export function checkCookie(
  cookie: SetCookie,
  response: ProbeResponse,
  isSession: boolean,
): readonly Finding[] {
  return [
    ...checkSecurity(cookie, response),
    ...checkPrefix(cookie),
    ...checkScope(cookie, response),
    ...checkSize(cookie),
    ...checkExpiry(cookie, response),
    ...(isSession && !cookie.attributes.has("httponly")
      ? [
          hint(
            "readable",
            `Scripts can read the session cookie ${cookie.name}.`,
            "Set HttpOnly, so that an injected script cannot steal the session.",
          ),
        ]
      : []),
  ];
}

function checkSecurity({ name, attributes }: SetCookie, { url }: ProbeResponse): Finding[] {
  const isSecure = attributes.has("secure");
  const findings: Finding[] = [];
  if (isSecure && url.protocol === "http:") {
    const advice =
      "Serve the site over https. For development over http, set the cookie without Secure and without a name prefix " +
      "(cookie: { secure: false }).";
    findings.push(
      isLocal(url)
        ? hint(
            "secure-on-http",
            `${name} is Secure, but ${url.origin} is not https: Safari rejects it.`,
            advice,
          )
        : problem(
            "secure-on-http",
            `${name} is Secure, but ${url.origin} is not https: browsers reject it.`,
            advice,
          ),
    );
  }
  if (!isSecure && url.protocol === "https:") {
    findings.push(
      problem(
        "not-secure",
        `${name} lacks Secure on https. The server may believe that the request came over http.`,
        "Set Secure. If a proxy terminates TLS, let it send X-Forwarded-Proto, and configure the application to trust it (trustProxy).",
      ),
    );
  }
  if (attributes.get("samesite")?.toLowerCase() === "none" && !isSecure) {
    findings.push(
      problem(
        "none-not-secure",
        `${name} is SameSite=None without Secure: browsers reject it.`,
        "Set Secure.",
      ),
    );
  }
  if (attributes.has("partitioned") && !isSecure) {
    findings.push(
      problem(
        "partitioned-not-secure",
        `${name} is Partitioned without Secure: browsers reject it.`,
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
    findings.push(
      problem(
        "prefix-not-secure",
        `${name} lacks Secure, which its prefix requires: browsers reject it.`,
        "Set Secure.",
      ),
    );
  }
  if (isHost && attributes.get("domain")) {
    findings.push(
      problem(
        "host-prefix-domain",
        `${name} has a Domain, which the __Host- prefix forbids: browsers reject it.`,
        "Remove Domain, or use the __Secure- prefix for a cookie that several hosts share.",
      ),
    );
  }
  if (isHost && attributes.get("path") !== "/") {
    findings.push(
      problem(
        "host-prefix-path",
        `${name} lacks Path=/, which the __Host- prefix requires: browsers reject it.`,
        "Set Path=/.",
      ),
    );
  }
  return findings;
}

function checkScope({ name, attributes }: SetCookie, { url }: ProbeResponse): Finding[] {
  const findings: Finding[] = [];
  const domain = attributes.get("domain")?.toLowerCase().replace(/^\./, "");
  const host = url.hostname;
  if (domain && host !== domain && !host.endsWith(`.${domain}`)) {
    findings.push(
      problem(
        "foreign-domain",
        `${name} has Domain=${domain}, but ${host} is not under ${domain}: browsers reject it.`,
        `Remove Domain, or set one that includes ${host}. Behind a proxy, check which Host header it forwards.`,
      ),
    );
  } else if (domain && domain !== host && isPublicSuffix(domain)) {
    findings.push(
      problem(
        "public-suffix",
        `${name} has Domain=${domain}, which is a public suffix: browsers reject it.`,
        "Remove Domain.",
      ),
    );
  }
  const path = attributes.get("path");
  if (path !== undefined && path !== "/" && path.startsWith("/")) {
    findings.push(
      hint(
        "narrow-path",
        `Browsers send ${name} only to URLs under ${path}.`,
        "Set Path=/ if the rest of the site needs the cookie too.",
      ),
    );
  }
  if (path === undefined && !/^\/[^/]*$/.test(url.pathname)) {
    findings.push(
      problem(
        "no-path",
        `${name} has no Path: browsers send it only to URLs in the directory of ${url.pathname}.`,
        "Set Path=/, or browsers will store one cookie per directory.",
      ),
    );
  }
  return findings;
}

function checkSize({ name, value, attributes }: SetCookie): Finding[] {
  const size = Buffer.byteLength(name + value);
  const advice = "Store the data on the server, and only a token in the cookie.";
  const findings: Finding[] = [];
  if (size > MAX_PAIR_BYTES) {
    findings.push(problem("too-large", `${name} has ${size} bytes; browsers reject more than 4096.`, advice));
  } else if (size > LARGE_PAIR_BYTES) {
    findings.push(hint("large", `${name} adds ${size} bytes to every request.`, advice));
  }
  for (const [attribute, content] of attributes) {
    if (Buffer.byteLength(content) <= MAX_ATTRIBUTE_BYTES) continue;
    const message = `The ${attribute} attribute of ${name} has more than 1024 bytes: browsers ignore it.`;
    findings.push(problem("attribute-too-large", message, "Shorten it."));
  }
  return findings;
}

/**
 * Checks whether the cookie has already expired by this machine's clock. Browsers too compare the expiry time with
 * their own clock, not with the server's.
 */
function checkExpiry(cookie: SetCookie, { receivedAt }: ProbeResponse): Finding[] {
  const end = expiryOf(cookie, receivedAt);
  if (end === null || end > receivedAt) return [];
  return [
    problem(
      "over-at-once",
      `${cookie.name} has already expired when it is set (${new Date(end).toISOString()}).`,
      "Use Max-Age, which is relative to the arrival of the response, and check the server's clock.",
    ),
  ];
}

/** Checks for cookies with the same name: a browser may store all of them, and sends them in an undefined order. */
export function checkDuplicates({ cookies }: ProbeResponse): readonly Finding[] {
  const names = cookies.map(({ name }) => name);
  const repeated = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [...repeated].map((name) =>
    problem(
      "duplicates",
      `One response sets ${name} more than once.`,
      "Set it in one place, with one Domain and one Path. Check whether two session middlewares are mounted.",
    ),
  );
}
