import { CoatcheckError } from "../../session/errors.ts";
import type { JsonObject } from "../../session/json.ts";
import type { Session } from "../../session/session.ts";
import { loadSession, requireLogin } from "./load-session.ts";
import { type ImpersonationRoutesOptions, requireGrant } from "./options.ts";
import { invalidRequest, type RouteRequest, readJsonObject } from "./request.ts";

type Handler<Data> = (request: RouteRequest<Data>) => Promise<Response>;

/** The functions of the session endpoints that {@link impersonationHandlers} needs. */
interface Endpoints<Data> {
  /** Throws `REAUTHENTICATION_REQUIRED` without a recent proof of the user's identity. */
  requireRecent(session: Session<Data>): void;
  /** Returns the response with the view of the session. */
  respond(session: Session<Data>): Promise<Response>;
}

/** The longest subject that a page may send, in characters. */
const MAX_SUBJECT_LENGTH = 256;

/** The longest reason that a page may send, in characters. */
const MAX_REASON_LENGTH = 256;

/** Returns the endpoints that begin and stop an impersonation at `path`; none unless the application allows it. */
export function impersonationHandlers<Data>(
  path: string,
  options: ImpersonationRoutesOptions<Data> | undefined,
  endpoints: Endpoints<Data>,
): readonly [string, Handler<Data>][] {
  if (options === undefined) return [];
  return [
    [`POST ${path}`, (request) => begin(request, options, endpoints)],
    [`DELETE ${path}`, (request) => stop(request, endpoints)],
  ];
}

async function begin<Data>(
  request: RouteRequest<Data>,
  { authorize }: ImpersonationRoutesOptions<Data>,
  { requireRecent, respond }: Endpoints<Data>,
): Promise<Response> {
  const { session, subject: actor } = await requireLogin(request.session, "user");
  const body = await readJsonObject(request);
  const subject = textOf(body, "subject", MAX_SUBJECT_LENGTH);
  const reason = textOf(body, "reason", MAX_REASON_LENGTH);
  // The second request of a double click may carry the token of the impersonation.
  if (session.actor !== null && session.subject === subject) return await respond(session);
  session.forbidWhileImpersonating("impersonate another subject; stop first");
  if (subject === actor) throw invalidRequest("subject", "must be another subject");
  requireRecent(session);
  const grant = await authorize({ actor, subject, reason }, request);
  if (grant === null) throw new CoatcheckError("FORBIDDEN", "You may not act for this subject.");
  requireGrant(grant);
  await session.impersonate(subject, { ...grant, reason });
  return await respond(session);
}

/** Responds with the present session also when no one is impersonated: a page may repeat a stop whose response was lost. */
async function stop<Data>(request: RouteRequest<Data>, { respond }: Endpoints<Data>): Promise<Response> {
  const session = await loadSession(request.session, "user");
  await session.stopImpersonating();
  return await respond(session);
}

function textOf(body: JsonObject, name: string, maxLength: number): string {
  const value = body[name];
  if (typeof value === "string" && value !== "" && value.length <= maxLength) return value;
  throw invalidRequest(name, `must be a string of 1 to ${maxLength} characters`);
}
