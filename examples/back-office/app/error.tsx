"use client";

/** Shown when a page fails, for example because a database does not respond. The user stays logged in. */
export default function ErrorPage({ reset }: { reset: () => void }) {
  return (
    <main className="login">
      <h1>This did not work</h1>
      <p>The page could not be shown. You are still logged in.</p>
      <button type="button" onClick={reset}>
        Try again
      </button>
    </main>
  );
}
