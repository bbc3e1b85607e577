import { clearFailures, countFailure, requireFewFailures } from "./attempts.ts";
import { getOffice } from "./office.ts";
import { passwordMatches } from "./password.ts";

/** The account that a user logs in to: the ids of the user and of their company. */
export interface Account {
  readonly subject: string;
  /** The company; absent for a super administrator. */
  readonly tenant?: string;
}

/**
 * Returns the account with this email address and password. Returns null if either is wrong or the user is disabled.
 *
 * @throws CoatcheckError `RATE_LIMITED` after too many wrong passwords.
 */
export async function checkPassword(email: unknown, password: unknown): Promise<Account | null> {
  if (typeof email !== "string" || typeof password !== "string" || password.length > 128) return null;
  const address = email.trim().toLowerCase().slice(0, 254);
  requireFewFailures(address, Date.now());
  const { database } = getOffice();
  const row = await database.one<{ id: number; company_id: number | null; password: string }>(
    "SELECT id, company_id, password FROM users WHERE email = ? AND active = 1",
    address,
  );
  if (!(await passwordMatches(password, row?.password ?? null)) || row === null) {
    countFailure(address, Date.now());
    return null;
  }
  clearFailures(address);
  return { subject: String(row.id), ...(row.company_id !== null && { tenant: String(row.company_id) }) };
}
