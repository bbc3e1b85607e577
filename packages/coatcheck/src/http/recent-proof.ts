import type { Session } from "../session/session.ts";

/** The default scope of an elevation, and the scope of {@link requireRecentProof}. */
export const ACCOUNT_SCOPE = "account";

/** Milliseconds for which a login or an elevation counts as recent. */
export const MAX_RECENT_LOGIN_AGE = 10 * 60_000;

/**
 * Requires that the user has logged in recently, or has an elevation for the scope `account`. Call it before ending the
 * user's other sessions (ASVS 5.0 V7.5.2), because an attacker with a stolen cookie must not be able to log the user
 * out everywhere.
 *
 * @param now epoch milliseconds.
 * @param recent how long a login counts as recent, in milliseconds. Default: 10 minutes.
 * @throws CoatcheckError `FORBIDDEN` while impersonating; `REAUTHENTICATION_REQUIRED`; `SESSION_REQUIRED` while
 *   anonymous.
 */
export function requireRecentProof<Data>(
  session: Session<Data>,
  now: number,
  recent = MAX_RECENT_LOGIN_AGE,
): void {
  session.forbidWhileImpersonating("end sessions of the subject");
  const isRecent = !session.needsProof && (session.record?.authenticatedAt ?? 0) > now - recent;
  if (!isRecent || session.subject === null || session.assurance === "degraded")
    session.requireElevated(ACCOUNT_SCOPE);
}
