import { CoatcheckError } from "coatcheck";

const FAILURE_WINDOW_MS = 5 * 60_000;
const MAX_FAILURES = 10;
const MAX_ACCOUNTS = 10_000;

const failedLogins = new Map<string, { count: number; since: number }>();

/** @throws CoatcheckError `RATE_LIMITED` if the account had ten wrong passwords within five minutes. */
export function requireFewFailures(account: string, now: number): void {
  const present = failedLogins.get(account);
  if (!present || now - present.since > FAILURE_WINDOW_MS || present.count < MAX_FAILURES) return;
  throw new CoatcheckError("RATE_LIMITED", "Too many wrong passwords. Wait five minutes, then try again.", {
    retryAfter: FAILURE_WINDOW_MS / 1000,
  });
}

/** Counts a wrong password. */
export function countFailure(account: string, now: number): void {
  if (failedLogins.size >= MAX_ACCOUNTS) failedLogins.clear();
  const present = failedLogins.get(account);
  if (!present || now - present.since > FAILURE_WINDOW_MS)
    failedLogins.set(account, { count: 1, since: now });
  else present.count++;
}

/** Deletes the count of an account's wrong passwords, after a login. */
export function clearFailures(account: string): void {
  failedLogins.delete(account);
}
