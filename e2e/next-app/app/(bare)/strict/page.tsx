import { sessionsWithoutLoginPage } from "../../../lib/sessions.ts";

/** Next.js waits until the page has read the session, so that the response can have the status 401. */
export const instant = false;

export default async function Page() {
  const { subject } = await sessionsWithoutLoginPage.requireSubject();
  return <p>{`strict page of ${subject}`}</p>;
}
