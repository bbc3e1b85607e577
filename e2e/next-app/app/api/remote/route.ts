import { sessions } from "../../../lib/sessions.ts";

/** Responds with the immutable response of another request. */
export const GET = sessions.withServerSession(async (request) => {
  return await fetch(new URL("/api/plain", `http://${request.headers.get("host")}`), { cache: "no-store" });
});
