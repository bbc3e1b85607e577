import { type AuthenticatedSession, CoatcheckError } from "coatcheck";
import { redirect } from "next/navigation";
import { forbiddenError } from "./forbidden.ts";
import { FormError, type TextKey } from "./form-error.ts";
import { getOffice, type Office } from "./office.ts";
import type { User } from "./people.ts";
import type { Permission } from "./permissions.ts";
import { sessions } from "./sessions.ts";

/** The result of a server action, for the form that called the action. */
export interface Result {
  readonly error?: string;
  /**
   * The time of a success, in epoch milliseconds. Each success has a different time, so that the form announces each
   * success.
   */
  readonly savedAt?: number;
  /** The faults of the form, by the name of the field. */
  readonly faults?: Readonly<Record<string, TextKey>>;
  /** The values that the user has entered, except passwords, by the name of the field. The form shows them again. */
  readonly values?: Readonly<Record<string, readonly string[]>>;
}

/** The user who performs a server action, with the session and the objects of the office. */
export interface Actor extends Office {
  readonly session: AuthenticatedSession;
  readonly user: User;
}

/** Settings of an action. */
interface ActionOptions {
  /**
   * Forbids the action to an administrator who acts for a user. The string names the action in the error message, for
   * example "change the password". Default: the action is allowed.
   */
  readonly forbiddenWhileActing?: string;
}

/**
 * Wraps a server action. Each call checks that a user is logged in and that the user's current role has `permission`.
 * A client error, such as `CONFLICT`, becomes the result; other errors are thrown.
 */
export function officeAction<Args extends readonly unknown[]>(
  permission: Permission | null,
  action: (actor: Actor, ...args: Args) => Promise<void> | void,
  { forbiddenWhileActing }: ActionOptions = {},
) {
  return sessions.withSessionAction(async (handle, ...args: Args): Promise<Result> => {
    const session = await handle.requireSubject();
    if (session.needsProof) redirect("/confirm");
    const opened = getOffice();
    const current = opened.context.of(session);
    const [user, company] = await Promise.all([current.user(), current.company()]);
    try {
      if (user === null || company?.active === false) throw forbiddenError();
      if (permission !== null && !user.permissions.includes(permission) && !user.isSuperAdmin)
        throw forbiddenError();
      if (forbiddenWhileActing) session.forbidWhileImpersonating(forbiddenWhileActing);
      await action({ ...opened, session, user }, ...args);
      return { savedAt: Date.now() };
    } catch (error) {
      if (error instanceof FormError) return { faults: error.faults, values: valuesOf(args) };
      if (!(error instanceof CoatcheckError) || error.status === 401 || error.status >= 500) throw error;
      return { error: error.message, values: valuesOf(args) };
    }
  });
}

/** Returns the form's fields from the arguments of an action, except passwords and the fields that Next.js adds. */
function valuesOf(args: readonly unknown[]): Readonly<Record<string, readonly string[]>> {
  const form = args.find((each) => each instanceof FormData);
  const names = [...new Set(form?.keys())].filter((name) => !/^\$ACTION|password/i.test(name));
  return Object.fromEntries(names.map((name) => [name, form?.getAll(name).map(String) ?? []]));
}

/** Returns the id of the user's company. Throws `FORBIDDEN` for a super administrator, who belongs to no company. */
export function ownCompanyId({ user }: Actor): number {
  if (user.companyId === null) throw forbiddenError();
  return user.companyId;
}

/** Wraps a server action that only a super administrator may call. */
export function superAction<Args extends readonly unknown[]>(
  action: (actor: Actor, ...args: Args) => Promise<void> | void,
) {
  return officeAction<Args>(null, async (actor, ...args) => {
    if (!actor.user.isSuperAdmin) throw forbiddenError();
    await action(actor, ...args);
  });
}
