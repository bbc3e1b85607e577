import { sessions } from "../../../lib/sessions.ts";

export const GET = sessions.withRequestSession(async (_request, session) => {
  const { subject } = await session.requireSubject();
  return Response.json({ subject });
});
