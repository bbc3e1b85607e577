import type { ReactNode } from "react";

/** Pages that read the session before anything is sent, so that a missing login can be a status. */
export const instant = false;

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
