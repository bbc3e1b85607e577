import type { ReactNode } from "react";

/** The pages read the session before they send the first byte, so that they can respond 401. */
export const instant = false;

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
