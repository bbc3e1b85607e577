import { type Finding, hint, problem } from "./finding.ts";
import { list } from "./response-checks.ts";
import type { SetCookie } from "./set-cookie.ts";
import { isSameSite } from "./site.ts";
import type { Stop } from "./visit.ts";

/** Whether a page of another site gets the cookie sent along with its requests. */
export function checkSameSite(session: SetCookie, url: URL, frontend: URL): readonly Finding[] {
  if (isSameSite(url, frontend)) return [];
  const { name, attributes } = session;
  const sameSite = attributes.get("samesite")?.toLowerCase() ?? "";
  if (sameSite !== "none") {
    const said = sameSite === "" ? "has no SameSite, which counts as Lax" : `is SameSite=${sameSite}`;
    return [
      problem(
        "same-site",
        `${name} ${said}, and ${frontend.origin} is another site than ${url.origin}: browsers do not send it along.`,
        "Best serve both under one domain, over https. Else set SameSite=None; Secure; Partitioned.",
      ),
    ];
  }
  if (attributes.has("partitioned")) return [];
  return [
    hint(
      "third-party",
      `${name} is a third-party cookie on ${frontend.origin}: Safari and Firefox do not send it, others by setting.`,
      "Best serve both under one domain. Partitioned gives each embedding site a cookie of its own.",
    ),
  ];
}

/** Whether a page of another origin may send credentials and read the answer. */
export function checkCors(answer: Stop, preflight: Stop, frontend: URL): readonly Finding[] {
  if (answer.url.origin === frontend.origin) return [];
  const findings: Finding[] = [...checkGrant(answer, frontend, "The answer")];
  if (findings.length === 0) {
    findings.push(...checkGrant(preflight, frontend, "The answer to the preflight (OPTIONS)"));
    const isRefused = preflight.status < 200 || preflight.status > 299;
    if (isRefused) {
      findings.push(
        problem(
          "cors-preflight",
          `The preflight (OPTIONS) is answered with ${preflight.status}: browsers do not go on.`,
          "Let the CORS middleware answer OPTIONS, before anything that asks for a session.",
        ),
      );
    }
  }
  const allowed = answer.headers.get("access-control-allow-origin");
  if (allowed !== null && allowed !== "*" && !list(answer.headers.get("vary")).includes("origin")) {
    findings.push(
      hint(
        "cors-vary",
        "Access-Control-Allow-Origin depends on the request, and Vary does not say so.",
        "Answer with Vary: Origin.",
      ),
    );
  }
  return findings;
}

function checkGrant({ headers }: Stop, frontend: URL, what: string): readonly Finding[] {
  const origin = headers.get("access-control-allow-origin");
  if (origin !== frontend.origin) {
    const said =
      origin === null ? "no Access-Control-Allow-Origin" : `Access-Control-Allow-Origin: ${origin}`;
    return [
      problem(
        "cors-origin",
        `${what} has ${said}: a page of ${frontend.origin} that sends cookies cannot read it.`,
        `Answer with Access-Control-Allow-Origin: ${frontend.origin}. With credentials * is not enough.`,
      ),
    ];
  }
  if (headers.get("access-control-allow-credentials") === "true") return [];
  return [
    problem(
      "cors-credentials",
      `${what} lacks Access-Control-Allow-Credentials: browsers neither send nor keep cookies.`,
      'Answer with Access-Control-Allow-Credentials: true, and let the page fetch with credentials: "include".',
    ),
  ];
}
