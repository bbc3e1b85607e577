import { sessions } from "../../../lib/sessions.ts";

/** A response whose headers cannot be changed. */
export const POST = sessions.withRequestSession(async (request, session) => {
  await (await session.load()).authenticate("ann");
  return Response.redirect(new URL("/account", request.url), 303);
});
