import { sessions } from "../../../lib/sessions.ts";

export const POST = sessions.withRequestSession(async (request, session) => {
  const { name } = await request.json();
  await (await session.load()).authenticate(name);
  return Response.json({ name });
});
