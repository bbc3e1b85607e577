import { sessionRoutes } from "coatcheck/routes/next";
import { sessions } from "../../../lib/sessions.ts";

export const { GET, POST, DELETE } = sessionRoutes(sessions, {
  authenticate: ({ email }) => (typeof email === "string" ? { subject: email } : null),
});
