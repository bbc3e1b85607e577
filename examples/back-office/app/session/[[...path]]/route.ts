import { sessionRoutes } from "coatcheck/routes/next";
import { checkPassword } from "../../../lib/check-password.ts";
import { sessions } from "../../../lib/sessions.ts";

/** The endpoints of the browser client: devices, step-up and the event stream. */
export const { GET, POST, DELETE } = sessionRoutes(sessions, {
  authenticate: ({ email, password }) => checkPassword(email, password),
});
