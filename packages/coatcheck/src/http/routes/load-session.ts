import type { AuthenticatedSession } from "../../session/narrowed.ts";
import type { Activity } from "../../session/policy.ts";
import type { Session } from "../../session/session.ts";
import { isCoatcheckError } from "../error-response.ts";
import type { RequestSession } from "../request-session.ts";

/**
 * Loads the request's session, stored or not. Ignores the application's outage policy.
 *
 * @throws CoatcheckError `CONFLICT` for an older token, `STORE_UNAVAILABLE` when the store does not respond. In both
 *   cases the browser may be logged in, so a response without a session would be wrong.
 */
export async function loadSession<Data>(
  request: RequestSession<Data>,
  activity?: Activity,
): Promise<Session<Data>> {
  const session = await request.load({ outage: "closed", ...(activity && { activity }) });
  if (session.record !== null) return session;
  try {
    return await request.requireSession();
  } catch (error) {
    if (isCoatcheckError(error) && error.status !== 401 && error.code !== "SESSION_NOT_FOUND") throw error;
    return session;
  }
}

/** Loads the request's session and requires a login. */
export async function requireLogin<Data>(
  request: RequestSession<Data>,
  activity: Activity,
): Promise<{ readonly session: AuthenticatedSession<Data>; readonly subject: string }> {
  await request.load({ activity, outage: "closed" });
  const session = await request.requireSubject();
  return { session, subject: session.subject };
}
