import { bearerCases } from "./adapter/bearer-cases.ts";
import type { AdapterCase } from "./adapter/case.ts";
import { cookieCases } from "./adapter/cookie-cases.ts";
import { csrfCases } from "./adapter/csrf-cases.ts";
import type { StartAdapter } from "./adapter/exchange.ts";
import { headerCases } from "./adapter/header-cases.ts";
import { lifeCases } from "./adapter/life-cases.ts";
import { outageCases } from "./adapter/outage-cases.ts";
import { rawCases } from "./adapter/raw-cases.ts";
import { type CacheOf, Rig } from "./adapter/rig.ts";

export type { AdapterServer, Exchange, Route, Routes, StartAdapter, SuiteData } from "./adapter/exchange.ts";
export type { CacheOf } from "./adapter/rig.ts";

/** One thing that an adapter must do, over a real socket. */
export interface AdapterTest {
  readonly name: string;
  /** Starts a server, tries, and closes it; rejects with an `AssertionError` that says what was wrong. */
  run(): Promise<void>;
}

/** How the suite is run. */
export interface AdapterSuiteOptions {
  /** Whether `Exchange.raw` is there: frameworks on top of `node:http` also prove that they hold its response. */
  readonly raw: boolean;
  /** A cache, so that the way without promises is taken too; none unless given. */
  readonly cacheOf?: CacheOf;
}

/**
 * What every adapter must do, for any test runner.
 *
 * @example
 * for (const test of adapterTests(start, { raw: true })) it(test.name, test.run);
 */
export function adapterTests(start: StartAdapter, options: AdapterSuiteOptions): AdapterTest[] {
  const { raw, cacheOf = null } = options;
  const cases: Readonly<Record<string, AdapterCase>> = {
    ...lifeCases,
    ...cookieCases,
    ...headerCases,
    ...bearerCases,
    ...csrfCases,
    ...outageCases,
    ...(raw ? rawCases : {}),
  };
  return Object.entries(cases).map(([name, { http = {}, policy = {}, routes = {}, check }]) => ({
    name,
    async run() {
      const rig = new Rig(cacheOf, policy);
      try {
        await rig.serve(start, http, routes);
        await check(rig);
      } finally {
        await rig.close();
      }
    },
  }));
}
