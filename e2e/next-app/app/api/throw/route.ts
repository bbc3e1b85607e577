import { notFound, redirect } from "next/navigation";
import { sessions } from "../../../lib/sessions.ts";

export const POST = sessions.withRequestSession(async (request, session): Promise<Response> => {
  await (await session.load()).authenticate("ann");
  if (new URL(request.url).searchParams.has("missing")) notFound();
  redirect("/account");
});
