import { CoatcheckError } from "../../session/errors.ts";
import type { JsonObject } from "../../session/json.ts";
import type { Session } from "../../session/session.ts";
import { loadSession, requireLogin } from "./load-session.ts";
import { type ImpersonationRoutesOptions, requireGrant } from "./options.ts";
import { invalidRequestError, type RouteRequest, readJsonObject } from "./request.ts";

type ImpersonationHandler<Data> = (request: RouteRequest<Data>) => Promise<Response>;

/** The functions of the session endpoints that {@link createImpersonationHandlers} calls. */
interface EndpointFunctions<Data> {
  /** Throws `REAUTHENTICATION_REQUIRED` unless the user has logged in or elevated recently. */
  requireRecentProof(session: Session<Data>): void;
  /** Returns the response with the view of the session. */
  respond(session: Session<Data>): Promise<Response>;
}

/** The longest subject that a page may send, in characters. */
const MAX_SUBJECT_LENGTH = 256;

/** The longest reason that a page may send, in characters. */
const MAX_REASON_LENGTH = 256;

/** Returns the endpoints at `path` that begin and stop an impersonation; an empty list if `options` is not set. */
export function createImpersonationHandlers<Data>(
  path: string,
  options: ImpersonationRoutesOptions<Data> | undefined,
  endpoints: EndpointFunctions<Data>,
): readonly [string, ImpersonationHandler<Data>][] {
  if (options === undefined) return [];
  return [
    [`POST ${path}`, (request) => beginImpersonation(request, options, endpoints)],
    [`DELETE ${path}`, (request) => stopImpersonation(request, endpoints)],
  ];
}

async function beginImpersonation<Data>(
  request: RouteRequest<Data>,
  { authorize }: ImpersonationRoutesOptions<Data>,
  { requireRecentProof, respond }: EndpointFunctions<Data>,
): Promise<Response> {
  const { session, subject: actor } = await requireLogin(request.session, "user");
  const body = await readJsonObject(request);
  const subject = requireText(body, "subject", MAX_SUBJECT_LENGTH);
  const reason = requireText(body, "reason", MAX_REASON_LENGTH);
  // After a double click, the second request may already have the token of the impersonation. Respond as to the first
  // request.
  if (session.actor !== null && session.subject === subject) return await respond(session);
  session.forbidWhileImpersonating("impersonate another subject; stop first");
  if (subject === actor) throw invalidRequestError("subject", "must not be the administrator's own subject");
  requireRecentProof(session);
  const grant = await authorize({ actor, subject, reason }, request);
  if (grant === null) throw new CoatcheckError("FORBIDDEN", "You may not impersonate this subject.");
  requireGrant(grant);
  await session.impersonate(subject, { ...grant, reason });
  return await respond(session);
}

/**
 * Stops the impersonation, and responds with the current session. Succeeds even without an impersonation, because a
 * page repeats the request if its response was lost.
 */
async function stopImpersonation<Data>(
  request: RouteRequest<Data>,
  { respond }: EndpointFunctions<Data>,
): Promise<Response> {
  const session = await loadSession(request.session, "user");
  await session.stopImpersonating();
  return await respond(session);
}

function requireText(body: JsonObject, name: string, maxLength: number): string {
  const value = body[name];
  if (typeof value === "string" && value !== "" && value.length <= maxLength) return value;
  throw invalidRequestError(name, `must be a string of 1 to ${maxLength} characters`);
}
