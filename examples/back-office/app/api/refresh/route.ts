import { jwtResponse, requireBearer } from "../../../lib/api/route.ts";
import { getOffice } from "../../../lib/office.ts";
import { sessions } from "../../../lib/sessions.ts";

/** Returns a new JWT to a client that sends a valid JWT or the session token. */
export const POST = sessions.withRequestSession(async (request, requestSession) => {
  const session = await requireBearer(request, requestSession);
  return jwtResponse(await getOffice().jwts.refresh(session));
});
