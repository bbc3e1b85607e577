import { sessions } from "../../../lib/sessions.ts";

/** Responds with the session, or null, and its user. */
export const GET = sessions.withServerSession(async (request, response) => {
  if (!request.session) return response.status(401).json({ error: "Unauthorized" });
  const { user } = request.session;
  return response.json({ tenantId: user.tenantId });
});
