import type { ReactNode } from "react";

/** The layout of pages whose visits are collected. */
export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <head>
        {/* Chromium reports the missing icon as an error. */}
        <link rel="icon" href="data:," />
      </head>
      <body>
        {children}
        <script src="/session/visit.js" defer />
      </body>
    </html>
  );
}
