import { jwtResponse, requireBearer } from "../../../lib/api/route.ts";
import { office } from "../../../lib/office.ts";
import { sessions } from "../../../lib/sessions.ts";

/** Returns another JWT, for a valid one or for the session token. */
export const POST = sessions.withRequestSession(async (request, handle) => {
  const session = await requireBearer(request, handle);
  return jwtResponse(await office().jwts.refresh(session));
});
