import { redirect } from "next/navigation";
import { cache } from "react";
import { type Language, type Texts, texts } from "./language.ts";
import { office } from "./office.ts";
import type { Permission } from "./permissions.ts";
import { sessions } from "./sessions.ts";

/**
 * The user who looks at the page. A layout and its page share one check; after the first request of a user it needs no
 * query.
 */
export const viewer = cache(async () => {
  const session = await sessions.requireSubject();
  const { context, database } = office();
  const queries = database.reads;
  const current = context.of(session);
  const [user, company, theme, language] = await Promise.all([
    current.user(),
    current.company(),
    current.theme(),
    current.language(),
  ]);
  if (user === null) redirect("/login");
  if (company?.active === false) redirect("/suspended");
  return {
    session,
    current,
    user,
    company,
    theme,
    language,
    text: texts(language),
    queries: database.reads - queries,
  };
});

/** The viewer, who must have a permission. */
export async function requirePermission(permission: Permission) {
  const found = await viewer();
  if (found.company === null || !found.user.permissions.includes(permission)) redirect("/");
  return { ...found, company: found.company };
}

export type { Language, Texts };
