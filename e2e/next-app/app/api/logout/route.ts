import { sessions } from "../../../lib/sessions.ts";

export const POST = sessions.withRequestSession(async (_request, session) => {
  await (await session.load()).revoke();
  return Response.json({});
});
