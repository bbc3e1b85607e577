import { jwtResponse, requireBearer } from "../../../lib/api/route.ts";
import { getOffice } from "../../../lib/office.ts";
import { sessions } from "../../../lib/sessions.ts";

/** Returns a new JWT to a client that sends a valid JWT or the session token. */
export const POST = sessions.withRequestSession(async (request, handle) => {
  const session = await requireBearer(request, handle);
  return jwtResponse(await getOffice().jwts.refresh(session));
});
