import type { JsonObject } from "../../session/json.ts";
import type { AttachedSession } from "../visits.ts";
import { type RouteRequest, readJsonObject } from "./request.ts";
import { successResponse } from "./responses.ts";

type VisitHandler<Data> = (request: RouteRequest<Data>) => Promise<Response>;

/**
 * Returns the visit endpoints: the beacon at `path`, `/opt-out` and `/opt-in` below `path`, and the page's script at
 * `path.js`. They respond 404 if no visits are collected.
 */
export function createVisitHandlers<Data>(path: string): readonly [string, VisitHandler<Data>][] {
  return [
    [`POST ${path}`, receiveBeacon],
    [`GET ${path}.js`, serveScript],
    [`POST ${path}/opt-out`, (request) => setConsent(request, "optOut")],
    [`POST ${path}/opt-in`, (request) => setConsent(request, "optIn")],
  ];
}

/**
 * Responds 2xx even if the session has ended, because the page that sent the beacon may already be closed and cannot
 * handle an error.
 */
async function receiveBeacon<Data>(request: RouteRequest<Data>): Promise<Response> {
  const { visit } = request.session;
  if (visit === null) return new Response(null, { status: 404 });
  const body = await readJsonObject(request);
  const session = await loadSession(request, isUserActivity(body) ? "user" : "none");
  const { accepted, cookies } = visit.receive(session, body);
  return addCookies(successResponse({ accepted }), cookies);
}

/** Returns the script. It is the same for every visitor, so any cache may store it. */
async function serveScript<Data>({ session: { visit } }: RouteRequest<Data>): Promise<Response> {
  if (visit === null) return new Response(null, { status: 404 });
  const headers = {
    "content-type": "text/javascript; charset=utf-8",
    "cache-control": "public, max-age=3600",
  };
  return new Response(visit.script, { headers });
}

async function setConsent<Data>(request: RouteRequest<Data>, choice: "optOut" | "optIn"): Promise<Response> {
  const { visit } = request.session;
  if (visit === null) return new Response(null, { status: 404 });
  const cookies = visit[choice](await loadSession(request, "none"));
  // A form of a page without scripts has sent the request: redirect the browser back to that page.
  const isForm = request.header("sec-fetch-dest") === "document";
  const response = isForm
    ? new Response(null, { status: 303, headers: { location: refererPath(request) } })
    : successResponse({ collected: choice === "optIn" });
  return addCookies(response, cookies);
}

async function loadSession<Data>(
  request: RouteRequest<Data>,
  activity: "user" | "none",
): Promise<AttachedSession> {
  return await request.session.load({ activity, outage: "anonymous" });
}

/** Whether a beacon shows that the user is active. A report of visible time (`page_time`) does not. */
function isUserActivity({ events }: JsonObject): boolean {
  return Array.isArray(events) && events.some((event) => event?.type !== "page_time");
}

/** Returns the path of the page that sent the form, if it is on this site; else `/`. */
function refererPath<Data>(request: RouteRequest<Data>): string {
  const page = URL.parse(request.header("referer") ?? "");
  return page !== null && page.host === request.session.client.host ? page.pathname + page.search : "/";
}

function addCookies(response: Response, cookies: readonly string[]): Response {
  for (const cookie of cookies) response.headers.append("set-cookie", cookie);
  if (cookies.length > 0) response.headers.set("cache-control", "private, no-store");
  return response;
}
