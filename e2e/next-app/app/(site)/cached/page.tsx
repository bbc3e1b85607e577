import { connection } from "next/server";
import { Suspense } from "react";
import { sessions } from "../../../lib/sessions.ts";

/** The mistake: what one visitor may see would be cached for everyone. */
async function cachedSubject(): Promise<string> {
  "use cache";
  return (await sessions.getServerSession()).subject ?? "-";
}

async function Cached() {
  await connection();
  try {
    return <p id="cached">{await cachedSubject()}</p>;
  } catch (error) {
    return <p id="cached">{String(error)}</p>;
  }
}

export default function Page() {
  return (
    <Suspense>
      <Cached />
    </Suspense>
  );
}
