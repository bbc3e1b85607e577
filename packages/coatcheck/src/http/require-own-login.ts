import type { MaybePromise } from "../session/maybe-promise.ts";
import { andThen } from "../session/maybe-promise.ts";
import type { AuthenticatedSession } from "../session/narrowed.ts";
import type { RequestSession } from "./request-session.ts";

/**
 * Requires a login that is not an impersonation. Throws the same errors as `requireSubject`.
 *
 * @throws CoatcheckError `FORBIDDEN` while impersonating.
 */
export function requireOwnLogin<Data>(
  request: RequestSession<Data>,
  action: string,
): MaybePromise<AuthenticatedSession<Data>> {
  return andThen(request.requireSubject(), (session) => {
    session.forbidWhileImpersonating(action);
    return session;
  });
}
