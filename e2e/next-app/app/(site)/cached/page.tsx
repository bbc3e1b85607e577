import { connection } from "next/server";
import { Suspense } from "react";
import { sessions } from "../../../lib/sessions.ts";

/** The mistake: what one visitor may see would be cached for everyone. */
async function cachedSubject(): Promise<string> {
  "use cache";
  return (await sessions.getServerSession()).subject ?? "-";
}

/** The same mistake with "use cache: private": the browser's router would keep the result after a logout. */
async function privatelyCachedSubject(): Promise<string> {
  "use cache: private";
  return (await sessions.getServerSession()).subject ?? "-";
}

async function Cached({ id, read }: { id: string; read: () => Promise<string> }) {
  await connection();
  try {
    return <p id={id}>{await read()}</p>;
  } catch (error) {
    return <p id={id}>{String(error)}</p>;
  }
}

export default function Page() {
  return (
    <Suspense>
      <Cached id="cached" read={cachedSubject} />
      <Cached id="privately-cached" read={privatelyCachedSubject} />
    </Suspense>
  );
}
