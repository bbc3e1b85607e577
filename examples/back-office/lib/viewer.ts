import { redirect } from "next/navigation";
import { cache } from "react";
import { getOffice } from "./office.ts";
import type { Permission } from "./permissions.ts";
import { sessions } from "./sessions.ts";
import { texts } from "./texts/texts.ts";

/**
 * Returns the user who requested the page, with session, company and preferences. A layout and its page share one call.
 * After a user's first request, the call needs no database query.
 */
export const getViewer = cache(async () => {
  const session = await sessions.requireSubject();
  const { context, database } = getOffice();
  const current = context.of(session);
  const [[user, company, theme, language], queries] = await database.countStatements(() =>
    Promise.all([current.user(), current.company(), current.theme(), current.language()]),
  );
  if (user === null) redirect("/login");
  if (session.needsProof) redirect("/confirm");
  if (company?.active === false) redirect("/suspended");
  return { session, current, user, company, theme, language, text: texts(language), queries };
});

/** Returns the viewer. Redirects to the start page if the viewer lacks the permission in their company. */
export async function requirePermission(permission: Permission) {
  const found = await getViewer();
  if (found.company === null || !found.user.permissions.includes(permission)) redirect("/");
  return { ...found, company: found.company };
}

/** Returns the viewer. Redirects to the start page unless the viewer is a super administrator. */
export async function requireSuperAdmin() {
  const found = await getViewer();
  if (!found.user.isSuperAdmin) redirect("/");
  return found;
}
