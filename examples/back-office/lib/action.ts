import { type AuthenticatedSession, CoatcheckError } from "coatcheck";
import { type Office, office } from "./office.ts";
import type { User } from "./people.ts";
import type { Permission } from "./permissions.ts";
import { sessions } from "./sessions.ts";

/** The result of a server action, for the form that called the action. */
export interface Result {
  readonly error?: string;
  /**
   * The time of a success, in epoch milliseconds. Each success has another time, so that the form announces each
   * success.
   */
  readonly saved?: number;
}

/** The user who performs a server action, with the session and the objects of the office. */
export interface Actor extends Office {
  readonly session: AuthenticatedSession;
  readonly user: User;
}

/**
 * Wraps a server action. Each call checks that a user is logged in and that the user's current role has `permission`.
 * A client error, such as `CONFLICT`, becomes the result; other errors are thrown.
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
      if (user === null || company?.active === false) throw forbiddenError();
      if (permission !== null && !user.permissions.includes(permission)) throw forbiddenError();
      await action({ ...opened, session, user }, ...args);
      return { saved: Date.now() };
    } catch (error) {
      if (!(error instanceof CoatcheckError) || error.status === 401 || error.status >= 500) throw error;
      return { error: error.message };
    }
  });
}

/** Creates the error of an action that the user may not perform. */
export function forbiddenError(): CoatcheckError {
  return new CoatcheckError("FORBIDDEN", "You are not allowed to do that.");
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
