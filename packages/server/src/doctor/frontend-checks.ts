import { type Finding, hint, problem } from "./finding.ts";
import type { ProbeResponse } from "./requests.ts";
import { splitList } from "./response-checks.ts";
import type { SetCookie } from "./set-cookie.ts";
import { isSameSite } from "./site.ts";

/** Checks whether browsers send the session cookie with requests from a page of another site. */
export function checkSameSite(session: SetCookie, url: URL, frontend: URL): readonly Finding[] {
  if (isSameSite(url, frontend)) return [];
  const { name, attributes } = session;
  const sameSite = attributes.get("samesite")?.toLowerCase() ?? "";
  if (sameSite !== "none") {
    const policy = sameSite === "" ? "has no SameSite, which means Lax" : `is SameSite=${sameSite}`;
    return [
      problem(
        "same-site",
        `${name} ${policy}, and ${frontend.origin} and ${url.origin} are different sites: browsers do not send it.`,
        "Prefer to serve both under one domain, over https. Otherwise set SameSite=None; Secure; Partitioned.",
      ),
    ];
  }
  if (attributes.has("partitioned")) return [];
  return [
    hint(
      "third-party",
      `${name} is a third-party cookie on ${frontend.origin}: Safari and Firefox do not send it, other browsers only with some settings.`,
      "Prefer to serve both under one domain. With Partitioned, each embedding site has a separate cookie.",
    ),
  ];
}

/** Checks whether a page of another origin may send credentials and read the response. */
export function checkCors(
  response: ProbeResponse,
  preflight: ProbeResponse,
  frontend: URL,
): readonly Finding[] {
  if (response.url.origin === frontend.origin) return [];
  const findings: Finding[] = [...checkAllowed(response, frontend, "The response")];
  if (findings.length === 0) {
    findings.push(...checkAllowed(preflight, frontend, "The response to the preflight (OPTIONS)"));
    const isRejected = preflight.status < 200 || preflight.status > 299;
    if (isRejected) {
      findings.push(
        problem(
          "cors-preflight",
          `The preflight (OPTIONS) has status ${preflight.status}: browsers do not send the request.`,
          "Let the CORS middleware handle OPTIONS before anything that requires a session.",
        ),
      );
    }
  }
  const allowed = response.headers.get("access-control-allow-origin");
  if (allowed !== null && allowed !== "*" && !splitList(response.headers.get("vary")).includes("origin")) {
    findings.push(
      hint(
        "cors-vary",
        "Access-Control-Allow-Origin depends on the request's Origin, but Vary does not list Origin.",
        "Send Vary: Origin.",
      ),
    );
  }
  return findings;
}

function checkAllowed({ headers }: ProbeResponse, frontend: URL, what: string): readonly Finding[] {
  const origin = headers.get("access-control-allow-origin");
  if (origin !== frontend.origin) {
    const actual =
      origin === null ? "no Access-Control-Allow-Origin" : `Access-Control-Allow-Origin: ${origin}`;
    return [
      problem(
        "cors-origin",
        `${what} has ${actual}: a page of ${frontend.origin} that sends cookies cannot read it.`,
        `Send Access-Control-Allow-Origin: ${frontend.origin}. The value * does not work with credentials.`,
      ),
    ];
  }
  if (headers.get("access-control-allow-credentials") === "true") return [];
  return [
    problem(
      "cors-credentials",
      `${what} lacks Access-Control-Allow-Credentials: browsers neither send nor store cookies.`,
      'Send Access-Control-Allow-Credentials: true, and call fetch with credentials: "include" in the page.',
    ),
  ];
}
