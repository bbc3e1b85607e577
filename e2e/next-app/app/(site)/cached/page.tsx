import { connection } from "next/server";
import { Suspense } from "react";
import { sessions } from "../../../lib/sessions.ts";

/** Makes a mistake on purpose: the cache would show one visitor's data to all visitors. */
async function cachedSubject(): Promise<string> {
  "use cache";
  return (await sessions.getServerSession()).subject ?? "-";
}

/** Makes a similar mistake with "use cache: private": the browser would show the cached data after a logout. */
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
