export { type FakeClock, fakeClock } from "./clock.ts";
export { makeFullRecord, makeRecord, nextVersion } from "./records.ts";
export {
  type StoreContractOptions,
  type StoreOnTrial,
  storeContract,
  type TestFramework,
} from "./store-suite.ts";
