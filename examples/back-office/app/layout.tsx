import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import { Session } from "../components/session.tsx";
import { getOffice } from "../lib/office.ts";
import { sessions } from "../lib/sessions.ts";
import "./styles/theme.css";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/content.css";
import "./styles/forms.css";
import "./styles/small-screens.css";

export const metadata: Metadata = { title: { default: "Back office", template: "%s · Back office" } };
export const viewport: Viewport = { width: "device-width", initialScale: 1 };

export default async function Layout({ children }: { children: ReactNode }) {
  const [state, session] = await Promise.all([sessions.getServerSessionState(), sessions.getServerSession()]);
  const current = getOffice().context.of(session);
  const [theme, language] = await Promise.all([current.theme(), current.language()]);
  return (
    <html lang={language} data-theme={theme}>
      <head>
        <link
          rel="icon"
          href="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><rect width='16' height='16' rx='3' fill='%232457d6'/><path d='M4 11V5l4 3 4-3v6' fill='none' stroke='white' stroke-width='1.6'/></svg>"
        />
      </head>
      <body>
        <Session initialState={state}>{children}</Session>
      </body>
    </html>
  );
}
