"use client";

import { useSession } from "coatcheck/react";
import type { PublicUser } from "../lib/sessions.ts";
import { stopActing } from "./acting.ts";

/** Shown when a page fails, for example because a database does not respond. The user stays logged in. */
export default function ErrorPage({ reset }: { reset: () => void }) {
  return (
    <>
      <ActingNotice />
      <main className="login">
        <h1>This did not work</h1>
        <p>The page could not be shown. You are still logged in.</p>
        <button type="button" onClick={reset}>
          Try again
        </button>
      </main>
    </>
  );
}

/**
 * Shows for which user an administrator acts. Unlike `ActingBanner`, it reads nothing on the server, because the server
 * may have failed. It uses the session that the layout has passed to the browser's client.
 */
function ActingNotice() {
  const { session, user } = useSession<PublicUser>();
  if (!session?.actor) return null;
  return (
    <section className="acting" aria-label="Acting for a user">
      <p>
        You act for <strong>{user?.name ?? session.subject}</strong>. Reason: {session.actor.reason}
      </p>
      <form action={stopActing}>
        <button type="submit">Stop</button>
      </form>
    </section>
  );
}
