import { hash } from "node:crypto";
import { LANDING_STYLE } from "./landing-style.ts";

/** The data that the landing page displays. */
export interface LandingPageData {
  readonly version: string;
  /** Whether the store responds. */
  readonly isHealthy: boolean;
  /** Name of the store, such as `SQLite`. */
  readonly store: string;
  /** Description of the cache's tiers, such as `In this process`. */
  readonly cache: string;
  /** Number of live sessions. Null while the store does not respond. */
  readonly liveSessions: number | null;
  /** Seconds since the service started. */
  readonly uptime: number;
  /** Base URL with which the client reached the service. */
  readonly url: string;
  /** URL of the shop. Null: no shop. */
  readonly shopUrl: string | null;
  /** Shell expression for the admin token: a variable, or a command that reads the token's file. */
  readonly adminToken: string;
}

/**
 * The Content-Security-Policy of the landing page. The page has one style element and loads nothing. `connect-src` lets
 * developers call `fetch` in the browser's console.
 */
export const LANDING_POLICY = `default-src 'none'; style-src 'sha256-${hash("sha256", LANDING_STYLE, "base64")}'; base-uri 'none'; connect-src 'self'; form-action 'none'; frame-ancestors 'none'`;

/** Returns three example commands: log a user in, list the user's sessions, and log the user out on all devices. */
export function commandsOf({
  url,
  adminToken,
}: Pick<LandingPageData, "url" | "adminToken">): readonly (readonly [string, string])[] {
  const authorization = `-H "authorization: Bearer ${adminToken}"`;
  const ofUser = `${url}/api/v1/subjects/ada/sessions`;
  const login = [
    `curl ${url}/api/v1/sessions`,
    authorization,
    "-H 'content-type: application/json'",
    `-d '{"subject":"ada","rememberMe":true}'`,
  ];
  return [
    ["Log a user in", shellLine(login)],
    ["List the user's sessions", shellLine([`curl ${ofUser}`, authorization])],
    ["Log the user out everywhere", shellLine([`curl -X DELETE ${ofUser}`, authorization])],
  ];
}

/** Joins the parts of a command, with one part per line. */
function shellLine(parts: readonly string[]): string {
  return parts.join(" \\\n  ");
}

/** Renders the page. */
export function landingPage(landing: LandingPageData): string {
  const { isHealthy, store, cache, liveSessions, uptime, version, url, shopUrl } = landing;
  const facts = [
    ["Live sessions", liveSessions === null ? "unknown" : liveSessions.toLocaleString("en")],
    ["Store", isHealthy ? store : `${store}, not responding`],
    ["Cache", cache],
    ["Running for", durationOf(uptime)],
  ];
  const shop = [
    shopUrl,
    "Taco shop",
    "Several open orders per browser. Its sessions are counted here.",
  ] as const;
  const links = [
    ...(shopUrl === null ? [] : [shop]),
    ["/docs", "API reference", "Every endpoint, with a form to try it."],
    ["/openapi.json", "OpenAPI document", "For client generators."],
    ["/health", "Health", "JSON, for monitoring. /ready says whether requests can be served."],
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Coatcheck at ${escapeHtml(new URL(url).host)}</title>
<style>${LANDING_STYLE}</style>
</head>
<body>
<main>
<header>
<h1>Coatcheck</h1>
<p class="lead">The browser holds a claim ticket. The server keeps the coat.</p>
<p class="state ${isHealthy ? "good" : "bad"}"><span aria-hidden="true">${isHealthy ? "●" : "▲"}</span> ${
    isHealthy ? "The session service is running" : "The session service runs, but its store does not respond"
  }<small>version ${escapeHtml(version)}</small></p>
</header>
<dl>
${facts.map(([name = "", value = ""]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`).join("\n")}
</dl>
<section aria-labelledby="go">
<h2 id="go">Where to go</h2>
<ul>
${links
  .map(
    ([href, name, text]) =>
      `<li><a href="${escapeHtml(href ?? "")}"><strong>${escapeHtml(name ?? "")}</strong><span>${escapeHtml(text ?? "")}</span></a></li>`,
  )
  .join("\n")}
</ul>
<p class="note">The guides are in the folder <code>docs</code> of the repository; start with <code>docs/README.md</code>.</p>
</section>
<section aria-labelledby="try">
<h2 id="try">Three lines to try</h2>
<ol>
${commandsOf(landing)
  .map(
    ([name, command]) =>
      `<li><h3>${escapeHtml(name)}</h3><pre tabindex="0"><code>${escapeHtml(command)}</code></pre></li>`,
  )
  .join("\n")}
</ol>
</section>
</main>
</body>
</html>
`;
}

function durationOf(seconds: number): string {
  const units = [
    [86_400, "day"],
    [3600, "hour"],
    [60, "minute"],
    [1, "second"],
  ] as const;
  const [size, name] = units.find(([unit]) => seconds >= unit) ?? [1, "second"];
  const count = Math.floor(seconds / size);
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
