import { CoatcheckError, type JsonObject } from "coatcheck";
import type { JwtIdentity } from "coatcheck/jwt";
import type { RequestSession } from "coatcheck/next";
import type { NextRequest } from "next/server";
import type { OfficeContext } from "../context.ts";
import { forbiddenError } from "../forbidden.ts";
import { getOffice, type Office } from "../office.ts";
import type { User } from "../people.ts";
import type { Permission } from "../permissions.ts";
import { sessions } from "../sessions.ts";
import { isSessionless } from "./sessionless.ts";

/** One request to the API, authenticated by its JWT. */
export interface ApiCall extends Office {
  readonly request: NextRequest;
  readonly jwt: JwtIdentity;
  /** The session handle of the request. Its `load` throws on the routes that `sessionless.ts` lists. */
  readonly requestSession: RequestSession<JsonObject>;
  /** User, company and warehouse of the request. The header `Selected-Warehouse-Xid` can select the warehouse. */
  readonly requestEntities: ReturnType<OfficeContext["of"]>;
  readonly user: User;
}

/** What Next.js passes to the handler of a route with a parameter. */
interface RouteContext {
  readonly params: Promise<Readonly<Record<string, string>>>;
}

/**
 * Wraps a route that requires a JWT and ignores the browser's cookie. Responds 401 without a valid JWT. Responds 403 to
 * a user who is disabled, whose company is suspended, or who lacks `permission`.
 */
export function apiRoute(
  permission: Permission | null,
  handler: (call: ApiCall, params: Readonly<Record<string, string>>) => Promise<Response>,
) {
  return sessions.withRequestSession<RouteContext>(async (request, requestSession, { params }) => {
    const jwt = await requestSession.requireJwt();
    const opened = getOffice();
    const { subject, tenant } = jwt;
    const session = isSessionless(new URL(request.url).pathname)
      ? { subject, tenant, data: {} }
      : await requestSession.requireSubject();
    const requestEntities = opened.context.of(session, request);
    const user = await requireUser(requestEntities, permission);
    const response = await handler(
      { ...opened, request, jwt, requestSession, requestEntities, user },
      await params,
    );
    response.headers.set("cache-control", "no-store");
    return response;
  });
}

async function requireUser(
  requestEntities: ApiCall["requestEntities"],
  permission: Permission | null,
): Promise<User> {
  const [user, company] = await Promise.all([requestEntities.user(), requestEntities.company()]);
  if (user === null) throw new CoatcheckError("FORBIDDEN", "This account is disabled.");
  if (company?.active === false) throw new CoatcheckError("FORBIDDEN", "This company is suspended.");
  if (permission !== null && !user.permissions.includes(permission)) throw forbiddenError();
  return user;
}

/**
 * Returns the session of a request with a bearer token, which is a JWT or the session token that the login returned.
 * Ignores the browser's cookie.
 *
 * @throws CoatcheckError `SESSION_REQUIRED` without a bearer token. Also throws the errors of `requireSubject()`.
 */
export async function requireBearer(request: Request, requestSession: RequestSession<JsonObject>) {
  if (request.headers.has("authorization")) return await requestSession.requireSubject();
  throw new CoatcheckError("SESSION_REQUIRED", "Send a bearer token.");
}

/** Creates a response with a JWT. A client can send `session_token` to get a new JWT after the JWT has expired. */
export function jwtResponse(issued: { token: string; expiresAt: number }, sessionToken?: string): Response {
  const body = {
    jwt: issued.token,
    expires_at: new Date(issued.expiresAt).toISOString(),
    ...(sessionToken !== undefined && { session_token: sessionToken }),
  };
  return Response.json(body, { headers: { "cache-control": "no-store" } });
}
