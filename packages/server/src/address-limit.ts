import { addressKey } from "./base-app.ts";
import type { Authenticator } from "./caller.ts";
import type { App } from "./fastify-app.ts";
import { DEFAULT_LIMITS, RateLimiter, type RequestLimits } from "./rate-limiter.ts";

/**
 * Limits the requests from one client address to the API and to `/metrics`. Requests with a valid key are not limited,
 * because they come from a backend with many users. Requests with a wrong key are limited, which slows down guessing.
 */
export function limitAddresses(
  app: App,
  authenticator: Authenticator,
  { address }: Pick<RequestLimits, "address"> = DEFAULT_LIMITS,
): void {
  const limiter = new RateLimiter(address, "Too many requests from this address; try again later.");
  app.addHook("onRequest", async (request) => {
    if (!/^\/(api\/|metrics\b)/.test(request.url)) return;
    if (authenticator.findPrincipal(request) === null) limiter.count(addressKey(request));
  });
}
