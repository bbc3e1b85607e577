import { CoatcheckError } from "coatcheck";
import { sessionOf } from "coatcheck/express";
import type { Request } from "express";
import type { Customer } from "./customers.ts";
import { MAX_PASSWORD_LENGTH } from "./password.ts";
import type { ShopSession, Storefront } from "./storefront.ts";

/** The fields of a login form or a login request. */
export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/**
 * Checks an e-mail address and a password.
 *
 * @param address the client's network address, which limits the attempts.
 * @throws CoatcheckError `FORBIDDEN` if address and password do not match, `RATE_LIMITED` after too many attempts.
 */
export async function checkCredentials(
  { attempts, customers }: Storefront,
  address: string | null,
  { email, password }: Credentials,
): Promise<Customer> {
  attempts.countAttempt(address);
  const isSensible = password.length <= MAX_PASSWORD_LENGTH;
  const customer = isSensible ? await customers.checkPassword(email, password) : null;
  if (customer) return customer;
  throw new CoatcheckError("FORBIDDEN", "This e-mail address and password do not match.");
}

/**
 * Logs a customer in. The session keeps its id, cart and visitor, but gets a new secret, so that a copy of the older
 * cookie is no longer valid. Coatcheck tracks the event `login`.
 */
export async function logIn(
  shop: Storefront,
  request: Request,
  session: ShopSession,
  credentials: Credentials & { readonly rememberMe?: boolean },
): Promise<Customer> {
  const customer = await checkCredentials(shop, sessionOf(request).client.address, credentials);
  await session.authenticate(customer.id, { rememberMe: credentials.rememberMe ?? false });
  return customer;
}
