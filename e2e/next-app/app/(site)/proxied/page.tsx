import { Suspense } from "react";
import { sessions } from "../../../lib/sessions.ts";

async function Proxied() {
  const [note, { subject }] = await Promise.all([sessions.proxySession(), sessions.getServerSession()]);
  return <pre id="proxied">{JSON.stringify({ note, subject })}</pre>;
}

export default function Page() {
  return (
    <Suspense>
      <Proxied />
    </Suspense>
  );
}
