/**
 * Test support: a fake clock, session records, and the contract suites that every store and every adapter must pass.
 *
 * @example
 * import { memoryStore } from "coatcheck/store/memory";
 * import { storeContract } from "coatcheck/testing";
 * import { describe, it } from "vitest";
 *
 * storeContract({ describe, it }, { name: "memory", open: () => ({ store: memoryStore() }) });
 *
 * @module
 */
export {
  type AdapterContractOptions,
  type AdapterServer,
  type AdapterSuiteData,
  adapterContract,
  type CacheFactory,
  type Exchange,
  type Route,
  type Routes,
  type StartAdapter,
} from "./adapter-suite.ts";
export { type FakeClock, fakeClock } from "./clock.ts";
export { makeFullRecord, makeRecord, nextVersion } from "./records.ts";
export { type SinkContractOptions, type SinkUnderTest, sinkContract } from "./sink-suite.ts";
export {
  type StoreContractOptions,
  type StoreUnderTest,
  storeContract,
  type TestFramework,
} from "./store-suite.ts";
export { makeCount, makeEvent, makeFullEvent } from "./visit-events.ts";
