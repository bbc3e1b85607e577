export {
  type AdapterContractOptions,
  type AdapterServer,
  adapterContract,
  type CacheOf,
  type Exchange,
  type Route,
  type Routes,
  type StartAdapter,
  type SuiteData,
} from "./adapter-suite.ts";
export { type FakeClock, fakeClock } from "./clock.ts";
export { makeFullRecord, makeRecord, nextVersion } from "./records.ts";
export {
  type StoreContractOptions,
  type StoreOnTrial,
  storeContract,
  type TestFramework,
} from "./store-suite.ts";
