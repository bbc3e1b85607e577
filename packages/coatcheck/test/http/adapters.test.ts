import { describe, it } from "vitest";
import { createCache } from "../../src/cache/cache.ts";
import { adapterTests, type CacheOf, type StartAdapter } from "../../src/testing/adapter-suite.ts";
import { startExpress4, startExpress5, startFastify, startFetch, startHono, startNode } from "./servers.ts";

const adapters: [name: string, start: StartAdapter, raw: boolean][] = [
  ["Express 5", startExpress5, true],
  ["Express 4", startExpress4, true],
  ["Fastify", startFastify, true],
  ["Hono on Node", startHono, false],
  ["Hono by fetch alone", startFetch, false],
  ["node:http", startNode, true],
];

/** Without a cache every load is a promise; with one, a hit is answered synchronously. Both ways must do the same. */
const caches: [name: string, cacheOf: CacheOf][] = [
  ["no cache", null],
  ["a local cache", (store, clock) => createCache({ store, clock, single: true })],
];

for (const [name, start, raw] of adapters) {
  for (const [cache, cacheOf] of caches) {
    describe(`${name}, ${cache}`, () => {
      for (const test of adapterTests(start, { raw, cacheOf })) it(test.name, test.run);
    });
  }
}
