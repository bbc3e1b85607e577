import { requireBearer } from "../../../lib/api/route.ts";
import { getOffice } from "../../../lib/office.ts";
import { sessions } from "../../../lib/sessions.ts";

/** Ends the session. All JWTs of the session become invalid. */
export const POST = sessions.withRequestSession(async (request, requestSession) => {
  const session = await requireBearer(request, requestSession);
  const jwt = await requestSession.jwt();
  if (jwt) await getOffice().jwts.deny(jwt);
  await session.revoke();
  return new Response(null, { status: 204 });
});
