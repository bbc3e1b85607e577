import { sessions } from "../../../lib/sessions.ts";

export const instant = false;

export default async function Page() {
  const { subject } = await sessions.requireSubject();
  return <p>{`members' page of ${subject}`}</p>;
}
