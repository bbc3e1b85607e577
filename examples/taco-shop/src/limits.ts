import { CoatcheckError } from "coatcheck";

/** How often one address may do in a minute what costs the shop something, or helps in guessing. */
export interface Limits {
  /** Passwords tried: logins, and elevations with them. */
  readonly logins: number;
  /** New accounts. */
  readonly accounts: number;
  /** Sessions begun for a page's first token. */
  readonly inits: number;
}

export const LIMITS: Limits = { logins: 10, accounts: 10, inits: 60 };

/** A limit of so many requests a minute, for the shell's rate limiter. */
export function perMinute(max: number) {
  return {
    max,
    timeWindow: "1 minute",
    errorResponseBuilder: (_request: unknown, { ttl }: { readonly ttl: number }) =>
      new CoatcheckError("RATE_LIMITED", "Too many tries from this address; wait a little.", {
        retryAfter: Math.ceil(ttl / 1000),
      }),
  };
}
