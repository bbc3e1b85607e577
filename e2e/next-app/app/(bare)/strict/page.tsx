import { sessionsWithoutLoginPage } from "../../../lib/sessions.ts";

export const instant = false;

export default async function Page() {
  const { subject } = await sessionsWithoutLoginPage.requireSubject();
  return <p>{`strict page of ${subject}`}</p>;
}
