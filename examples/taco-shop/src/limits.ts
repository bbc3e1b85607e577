import { CoatcheckError } from "coatcheck";

/** Allowed requests per minute and network address, for endpoints that are expensive or check passwords. */
export interface Limits {
  /** Password attempts, that is, logins and elevations together. */
  readonly logins: number;
  /** Requests that create an account. */
  readonly accounts: number;
  /** Requests to `init`, which creates anonymous sessions. */
  readonly inits: number;
}

export const DEFAULT_LIMITS: Limits = { logins: 10, accounts: 10, inits: 60 };

/** Returns route options for the rate limiter: no more than `max` requests per minute and network address. */
export function limitPerMinute(max: number) {
  return {
    max,
    timeWindow: "1 minute",
    errorResponseBuilder: (_request: unknown, { ttl }: { readonly ttl: number }) =>
      new CoatcheckError(
        "RATE_LIMITED",
        "Too many requests from this network address. Wait a minute, then retry.",
        {
          retryAfter: Math.ceil(ttl / 1000),
        },
      ),
  };
}
