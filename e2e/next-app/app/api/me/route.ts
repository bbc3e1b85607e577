import { sessions } from "../../../lib/sessions.ts";

/** Responds with the tenant of the session's user, or with 401 without a login. */
export const GET = sessions.withServerSession(async (request, response) => {
  if (!request.session) return response.status(401).json({ error: "Unauthorized" });
  const { user } = request.session;
  return response.json({ tenantId: user.tenantId });
});
