import { sessions } from "../../../lib/sessions.ts";

/** Returns the response of `fetch`, whose headers are immutable. */
export const GET = sessions.withServerSession(async (request) => {
  return await fetch(new URL("/api/plain", `http://${request.headers.get("host")}`), { cache: "no-store" });
});
