import { bearerCases } from "./adapter/bearer-cases.ts";
import type { AdapterCase, AdapterCases } from "./adapter/case.ts";
import { cookieCases } from "./adapter/cookie-cases.ts";
import { csrfCases } from "./adapter/csrf-cases.ts";
import type { StartAdapter } from "./adapter/exchange.ts";
import { headerCases } from "./adapter/header-cases.ts";
import { lifeCases } from "./adapter/life-cases.ts";
import { outageCases } from "./adapter/outage-cases.ts";
import { rawCases } from "./adapter/raw-cases.ts";
import { type CacheOf, Rig } from "./adapter/rig.ts";
import type { TestFramework } from "./store-suite.ts";

export type { AdapterServer, Exchange, Route, Routes, StartAdapter, SuiteData } from "./adapter/exchange.ts";
export type { CacheOf } from "./adapter/rig.ts";

/** What {@link adapterContract} needs to know of an adapter. */
export interface AdapterContractOptions {
  /** Stands before each case in the test's output. */
  readonly name: string;
  /** Called once for each case. */
  readonly start: StartAdapter;
  /** Whether `Exchange.raw` is there: frameworks on top of `node:http` also prove that they hold its response. */
  readonly raw: boolean;
  /** A cache, so that hits answer synchronously; without one every load is a promise. Both ways must do the same. */
  readonly cacheOf?: CacheOf;
}

/**
 * Declares the tests that every adapter must pass, each over a real socket, with a server of its own.
 *
 * @example
 * import { describe, it } from "vitest";
 * adapterContract({ describe, it }, { name: "my framework", start, raw: true });
 */
export function adapterContract({ describe, it }: TestFramework, options: AdapterContractOptions): void {
  const groups: Readonly<Record<string, AdapterCases>> = {
    life: lifeCases,
    cookies: cookieCases,
    headers: headerCases,
    bearer: bearerCases,
    csrf: csrfCases,
    outage: outageCases,
    ...(options.raw ? { raw: rawCases } : {}),
  };
  describe(`${options.name}: contract of adapters`, () => {
    for (const [group, cases] of Object.entries(groups)) {
      describe(group, () => {
        for (const [sentence, proof] of Object.entries(cases)) it(sentence, () => onTrial(options, proof));
      });
    }
  });
}

async function onTrial(options: AdapterContractOptions, proof: AdapterCase): Promise<void> {
  const { http = {}, policy = {}, routes = {}, check } = proof;
  const rig = new Rig(options.cacheOf ?? null, policy);
  try {
    await rig.serve(options.start, http, routes);
    await check(rig);
  } finally {
    await rig.close();
  }
}
