import { sessions } from "../../../lib/sessions.ts";

/** Next.js waits until the page has read the session, so that the response can have the status 401. */
export const instant = false;

export default async function Page() {
  const { subject } = await sessions.requireSubject();
  return <p>{`members' page of ${subject}`}</p>;
}
