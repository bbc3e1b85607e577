import type { JsonObject } from "../../session/json.ts";
import type { AttachedSession } from "../visits.ts";
import { type RouteRequest, readJsonObject } from "./request.ts";
import { success } from "./responses.ts";

type Handler<Data> = (request: RouteRequest<Data>) => Promise<Response>;

/**
 * The endpoints of visits at `path`: the beacon, `/opt-out`, `/opt-in`, and beside them the page's script. They respond
 * 404 where no visits are collected.
 */
export function visitHandlers<Data>(path: string): readonly [string, Handler<Data>][] {
  return [
    [`POST ${path}`, beacon],
    [`GET ${path}.js`, script],
    [`POST ${path}/opt-out`, (request) => choose(request, "optOut")],
    [`POST ${path}/opt-in`, (request) => choose(request, "optIn")],
  ];
}

/** Responds 2xx whatever happened to the session: the page that sent the beacon may be closed. */
async function beacon<Data>(request: RouteRequest<Data>): Promise<Response> {
  const { visit } = request.session;
  if (visit === null) return new Response(null, { status: 404 });
  const body = await readJsonObject(request);
  const session = await loadSession(request, isUserActivity(body) ? "user" : "none");
  const { accepted, cookies } = visit.receive(session, body);
  return withCookies(success({ accepted }), cookies);
}

/** The script is the same for every visitor, so any cache may keep it. */
async function script<Data>({ session: { visit } }: RouteRequest<Data>): Promise<Response> {
  if (visit === null) return new Response(null, { status: 404 });
  const headers = {
    "content-type": "text/javascript; charset=utf-8",
    "cache-control": "public, max-age=3600",
  };
  return new Response(visit.script, { headers });
}

async function choose<Data>(request: RouteRequest<Data>, choice: "optOut" | "optIn"): Promise<Response> {
  const { visit } = request.session;
  if (visit === null) return new Response(null, { status: 404 });
  const cookies = visit[choice](await loadSession(request, "none"));
  // A form of a page without scripts: the browser shows the page again.
  const isForm = request.header("sec-fetch-dest") === "document";
  const response = isForm
    ? new Response(null, { status: 303, headers: { location: backFrom(request) } })
    : success({ collected: choice === "optIn" });
  return withCookies(response, cookies);
}

async function loadSession<Data>(
  request: RouteRequest<Data>,
  activity: "user" | "none",
): Promise<AttachedSession> {
  return await request.session.load({ activity, outage: "anonymous" });
}

/** A report of visible time is not a new action of the user. */
function isUserActivity({ events }: JsonObject): boolean {
  return Array.isArray(events) && events.some((event) => event?.type !== "page_time");
}

/** The path of the page that sent the form, on this site. */
function backFrom<Data>(request: RouteRequest<Data>): string {
  const page = URL.parse(request.header("referer") ?? "");
  return page !== null && page.host === request.session.client.host ? page.pathname + page.search : "/";
}

function withCookies(response: Response, cookies: readonly string[]): Response {
  for (const cookie of cookies) response.headers.append("set-cookie", cookie);
  if (cookies.length > 0) response.headers.set("cache-control", "private, no-store");
  return response;
}
