import { type AuthenticatedSession, CoatcheckError } from "coatcheck";
import { type Office, office } from "./office.ts";
import type { User } from "./people.ts";
import type { Permission } from "./permissions.ts";
import { sessions } from "./sessions.ts";

/** The result of an action, as its form shows it. */
export interface Result {
  readonly error?: string;
  /** The time of the last success, so that the form announces each of them. */
  readonly saved?: number;
}

/** The user who performs an action, and the office. */
export interface Actor extends Office {
  readonly session: AuthenticatedSession;
  readonly user: User;
}

/**
 * Wraps an action of a user who is logged in and has `permission`. Checks both at every call, with the present role of
 * the user. An error that the user can understand becomes the result.
 */
export function officeAction<Args extends readonly unknown[]>(
  permission: Permission | null,
  action: (actor: Actor, ...args: Args) => Promise<void> | void,
) {
  return sessions.withSessionAction(async (handle, ...args: Args): Promise<Result> => {
    const session = await handle.requireSubject();
    const opened = office();
    const current = opened.context.of(session);
    const [user, company] = await Promise.all([current.user(), current.company()]);
    try {
      if (user === null || company?.active === false) throw forbidden();
      if (permission !== null && !user.permissions.includes(permission)) throw forbidden();
      await action({ ...opened, session, user }, ...args);
      return { saved: Date.now() };
    } catch (error) {
      if (!(error instanceof CoatcheckError) || error.status === 401 || error.status >= 500) throw error;
      return { error: error.message };
    }
  });
}

/** The error of an action that the user may not perform. */
export function forbidden(): CoatcheckError {
  return new CoatcheckError("FORBIDDEN", "You are not allowed to do that.");
}

/** Wraps an action of a super administrator. */
export function superAction<Args extends readonly unknown[]>(
  action: (actor: Actor, ...args: Args) => Promise<void> | void,
) {
  return officeAction<Args>(null, async (actor, ...args) => {
    if (!actor.user.isSuperAdmin) throw forbidden();
    await action(actor, ...args);
  });
}
