import { sessions } from "../../../lib/sessions.ts";

/** Increments a counter in the session data of an anonymous visitor. */
export const POST = sessions.withRequestSession(async (_request, session) => {
  const { data } = await session.load();
  data.count = (data.count ?? 0) + 1;
  return Response.json({ count: data.count });
});
