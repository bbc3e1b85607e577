import type { ReactNode } from "react";
import { logOut } from "../app/login/actions.ts";
import { getViewer } from "../lib/viewer.ts";
import { ActingBanner } from "./acting-banner.tsx";
import { Navigation } from "./navigation.tsx";
import { Preferences } from "./preferences.tsx";

/**
 * Renders navigation, user and preferences around the content of a page. It is a component that each page renders,
 * because Next.js does not render a layout again when a link is clicked. A layout would show an outdated user.
 */
export async function PageFrame({ children }: { readonly children: ReactNode }) {
  const { user, company, theme, language, text, queries } = await getViewer();
  const may = (permission: string) => user.permissions.some((each) => each === permission);
  const links = [
    company !== null && { href: "/", label: text.stock, key: "s" },
    company !== null && may("users.view") && { href: "/users", label: text.users, key: "u" },
    company !== null && may("warehouses.edit") && { href: "/warehouses", label: text.warehouses, key: "w" },
    company !== null && may("roles.edit") && { href: "/roles", label: text.roles, key: "r" },
    user.isSuperAdmin && { href: "/companies", label: text.companies, key: "c" },
    { href: "/sessions", label: text.sessions, key: "m" },
  ].filter((link) => link !== false);
  return (
    <>
      <a className="skip" href="#content">
        {text.skipToContent}
      </a>
      <ActingBanner />
      <header className="top">
        <p className="brand">{company?.name ?? "Back office"}</p>
        <Navigation links={links} />
        <div className="who">
          <span className="name" title={`${user.email}, ${user.role}`}>
            {user.name}
            <small>{user.role}</small>
          </span>
          <form action={logOut}>
            <button type="submit">{text.logOut}</button>
          </form>
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <footer className="bottom">
        <Preferences theme={theme} language={language} text={text} />
        <p>
          <output id="queries">{queries}</output> {text.queriesForUser}
        </p>
      </footer>
    </>
  );
}
