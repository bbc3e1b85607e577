import { describe, it } from "vitest";
import { createCache } from "../../src/cache/cache.ts";
import { adapterContract, type CacheFactory, type StartAdapter } from "../../src/testing/adapter-suite.ts";
import {
  startExpress4,
  startExpress5,
  startFastify,
  startFetch,
  startHono,
  startNode,
} from "./adapter-fixtures.ts";

const adapters: [name: string, start: StartAdapter, raw: boolean][] = [
  ["Express 5", startExpress5, true],
  ["Express 4", startExpress4, true],
  ["Fastify", startFastify, true],
  ["Hono on Node", startHono, false],
  ["Hono without a Node server", startFetch, false],
  ["node:http", startNode, true],
];

const createLocalCache: CacheFactory = (store, clock) => createCache({ store, clock, singleProcess: true });

for (const [name, start, raw] of adapters) {
  adapterContract({ describe, it }, { name, start, raw });
  adapterContract(
    { describe, it },
    { name: `${name} with a cache`, start, raw, cacheFactory: createLocalCache },
  );
}
