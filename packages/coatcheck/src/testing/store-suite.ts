import type { SessionStore } from "../session/store.ts";
import { exactTextCases } from "./store-suite/exact-text.ts";
import type { Cases } from "./store-suite/fixtures.ts";
import { listCases } from "./store-suite/listing.ts";
import { logCases } from "./store-suite/log.ts";
import { positionCases } from "./store-suite/position.ts";
import { revokeCases } from "./store-suite/revoking.ts";
import { robustnessCases } from "./store-suite/robustness.ts";
import { sweepCases } from "./store-suite/sweeping.ts";
import { writeCases } from "./store-suite/writing.ts";

/** The functions of a test framework that the suite uses. Vitest, Jest and `node:test` all have them. */
export interface TestFramework {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

/** An empty store for one test. */
export interface StoreUnderTest {
  readonly store: SessionStore;
  /**
   * A second store on the same data with its own connection, as another process would have. It reveals race conditions.
   * Omit it only if the data cannot be shared. Default: `store`.
   */
  readonly other?: SessionStore;
  /** Deletes the test's data. Called after both stores have been closed. */
  readonly cleanUp?: () => void | Promise<void>;
}

/** Options of {@link storeContract}. */
export interface StoreContractOptions {
  /** The name of the store in test titles. */
  readonly name: string;
  /** Opens a store for one test. No two tests may share data. */
  readonly open: () => StoreUnderTest | Promise<StoreUnderTest>;
}

/** The tests by the methods of `SessionStore` that they check. */
const GROUPS: Readonly<Record<string, Cases>> = {
  "get(), put() and touch()": writeCases,
  "revoke() and the session limit": revokeCases,
  "list() and stats()": listCases,
  "changes()": logCases,
  "the position of get()": positionCases,
  "sweep()": sweepCases,
  "names that a collation may regard as equal": exactTextCases,
  "hostile input and close()": robustnessCases,
};

/**
 * Declares the tests that every session store must pass. Each test checks sentences of the contract in the
 * documentation of `SessionStore`. Run it against a real server: a mock would only test the mock.
 *
 * @example
 * import { describe, it } from "vitest";
 * storeContract({ describe, it }, { name: "my store", open: async () => ({ store: await myStore() }) });
 */
export function storeContract({ describe, it }: TestFramework, { name, open }: StoreContractOptions): void {
  describe(`SessionStore contract: ${name}`, () => {
    for (const [group, cases] of Object.entries(GROUPS)) {
      describe(group, () => {
        for (const [title, test] of Object.entries(cases)) {
          it(title, () => runTest(open, test));
        }
      });
    }
  });
}

async function runTest(open: StoreContractOptions["open"], test: Cases[string]): Promise<void> {
  const { store, other = store, cleanUp } = await open();
  try {
    await test?.({ store, other });
  } finally {
    await store.close();
    await other.close();
    await cleanUp?.();
  }
}
