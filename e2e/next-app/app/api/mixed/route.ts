import { cookies } from "next/headers";
import { sessions } from "../../../lib/sessions.ts";

/** Sets cookies with both APIs of Next.js, in addition to the session cookie. */
export const POST = sessions.withRequestSession(async (_request, session) => {
  await (await session.load()).authenticate("ann");
  (await cookies()).set("by-function", "1");
  const headers = new Headers({ "content-security-policy": "script-src 'nonce-abc'" });
  headers.append("set-cookie", "first=1; Path=/");
  headers.append("set-cookie", "second=2; Path=/; Expires=Wed, 21 Oct 2037 07:28:00 GMT");
  return new Response("mixed", { headers });
});
