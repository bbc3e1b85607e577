import { bearerCases } from "./adapter/bearer-cases.ts";
import { bindingCases } from "./adapter/binding-cases.ts";
import type { AdapterCase, AdapterCases } from "./adapter/case.ts";
import { cookieCases } from "./adapter/cookie-cases.ts";
import { crossSiteCases } from "./adapter/cross-site-cases.ts";
import { csrfCases } from "./adapter/csrf-cases.ts";
import type { StartAdapter } from "./adapter/exchange.ts";
import { AdapterFixture, type CacheFactory } from "./adapter/fixtures.ts";
import { headerCases } from "./adapter/header-cases.ts";
import { impersonationCases } from "./adapter/impersonation-cases.ts";
import { lifecycleCases } from "./adapter/lifecycle-cases.ts";
import { logoutCases } from "./adapter/logout-cases.ts";
import { nodeResponseCases } from "./adapter/node-response-cases.ts";
import { outageCases } from "./adapter/outage-cases.ts";
import { parallelCases } from "./adapter/parallel-cases.ts";
import type { TestFramework } from "./store-suite.ts";

export type {
  AdapterServer,
  AdapterSuiteData,
  Exchange,
  Route,
  Routes,
  StartAdapter,
} from "./adapter/exchange.ts";
export type { CacheFactory } from "./adapter/fixtures.ts";

/** Options of {@link adapterContract}. */
export interface AdapterContractOptions {
  /** Name of the adapter in the test output. */
  readonly name: string;
  /** Starts a server with the adapter. Called once per case. */
  readonly start: StartAdapter;
  /**
   * Whether `Exchange.raw` exists. Set it for frameworks on top of `node:http`: they must also defer the headers of the
   * raw response.
   */
  readonly raw: boolean;
  /**
   * Creates a cache. Default: no cache. Test both: with a cache, loads may be synchronous; without, every load is a
   * promise.
   */
  readonly cacheFactory?: CacheFactory;
}

/**
 * Declares the tests that every adapter must pass. Each case runs over a real socket, against a server of its own.
 *
 * @example
 * import { describe, it } from "vitest";
 * adapterContract({ describe, it }, { name: "my framework", start, raw: true });
 */
export function adapterContract({ describe, it }: TestFramework, options: AdapterContractOptions): void {
  const groups: Readonly<Record<string, AdapterCases>> = {
    lifecycle: lifecycleCases,
    logout: logoutCases,
    parallel: parallelCases,
    cookies: cookieCases,
    headers: headerCases,
    bearer: bearerCases,
    csrf: csrfCases,
    "cross-site": crossSiteCases,
    impersonation: impersonationCases,
    binding: bindingCases,
    outage: outageCases,
    ...(options.raw ? { "node:http response": nodeResponseCases } : {}),
  };
  describe(`${options.name}: contract of adapters`, () => {
    for (const [group, cases] of Object.entries(groups)) {
      describe(group, () => {
        for (const [title, adapterCase] of Object.entries(cases))
          it(title, () => runCase(options, adapterCase));
      });
    }
  });
}

async function runCase(options: AdapterContractOptions, adapterCase: AdapterCase): Promise<void> {
  const { http = {}, policy = {}, routes = {}, check } = adapterCase;
  const fixture = new AdapterFixture(options.cacheFactory ?? null, policy);
  try {
    await fixture.serve(options.start, http, routes);
    await check(fixture);
  } finally {
    await fixture.close();
  }
}
