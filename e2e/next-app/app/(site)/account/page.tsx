import { Suspense } from "react";
import { sessions } from "../../../lib/sessions.ts";

async function Account() {
  const { subject } = await sessions.requireSubject();
  return <p id="account">{`account of ${subject}`}</p>;
}

export default function Page() {
  return (
    <Suspense>
      <Account />
    </Suspense>
  );
}
