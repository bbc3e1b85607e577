import { sessions } from "../../../lib/sessions.ts";

/** Logs in and returns a response with immutable headers. */
export const POST = sessions.withRequestSession(async (request, session) => {
  await (await session.load()).authenticate("ann");
  return Response.redirect(new URL("/account", request.url), 303);
});
