import { type ReactNode, Suspense } from "react";
import { sessions } from "../../lib/sessions.ts";
import { ClientSession } from "./client-session.tsx";

async function Provider({ children }: { children: ReactNode }) {
  return <ClientSession initialState={await sessions.getServerSessionState()}>{children}</ClientSession>;
}

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <head>
        {/* Chromium reports the missing icon as an error. */}
        <link rel="icon" href="data:," />
      </head>
      <body>
        <Suspense>
          <Provider>{children}</Provider>
        </Suspense>
      </body>
    </html>
  );
}
