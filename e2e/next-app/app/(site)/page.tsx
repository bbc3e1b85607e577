import { Suspense } from "react";
import { sessions } from "../../lib/sessions.ts";
import { Links } from "./links.tsx";

async function Subject({ name }: { name: string }) {
  const { subject, data } = await sessions.getServerSession();
  return <p id={name}>{`${subject ?? "-"}:${data.theme ?? "-"}`}</p>;
}

async function SessionState() {
  return <pre id="state">{JSON.stringify(await sessions.getServerSessionState())}</pre>;
}

export default function Page() {
  return (
    <Suspense>
      <Subject name="one" />
      <Subject name="two" />
      <SessionState />
      <Links />
    </Suspense>
  );
}
