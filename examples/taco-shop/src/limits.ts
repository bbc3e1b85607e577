import { CoatcheckError } from "coatcheck";

/** Requests per minute and address, for the endpoints that are expensive or useful for guessing passwords. */
export interface Limits {
  /** Password attempts: logins and elevations together. */
  readonly logins: number;
  /** New accounts. */
  readonly accounts: number;
  /** Anonymous sessions created through `init`. */
  readonly inits: number;
}

export const LIMITS: Limits = { logins: 10, accounts: 10, inits: 60 };

/** Route options for the rate limiter: at most `max` requests per minute and address. */
export function perMinute(max: number) {
  return {
    max,
    timeWindow: "1 minute",
    errorResponseBuilder: (_request: unknown, { ttl }: { readonly ttl: number }) =>
      new CoatcheckError("RATE_LIMITED", "Too many requests from this address. Wait, then retry.", {
        retryAfter: Math.ceil(ttl / 1000),
      }),
  };
}
