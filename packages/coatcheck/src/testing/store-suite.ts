import type { SessionStore } from "../session/store.ts";
import { enduring } from "./store-suite/enduring.ts";
import type { Cases } from "./store-suite/lab.ts";
import { listing } from "./store-suite/listing.ts";
import { log } from "./store-suite/log.ts";
import { revoking } from "./store-suite/revoking.ts";
import { sweeping } from "./store-suite/sweeping.ts";
import { writing } from "./store-suite/writing.ts";

/** The part of a test framework that the suites use. Vitest, Jest and `node:test` all provide it. */
export interface TestFramework {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

/** An empty store for one case. */
export interface StoreOnTrial {
  readonly store: SessionStore;
  /**
   * A second handle on the same data with its own connection, like another process. It reveals races. Omit it only if the
   * data cannot be shared. Default: `store`.
   */
  readonly other?: SessionStore;
  /** Removes the case's data. Called after the stores have been closed. */
  readonly cleanUp?: () => void | Promise<void>;
}

/** Options of {@link storeContract}. */
export interface StoreContractOptions {
  /** Name of the store in the test output. */
  readonly name: string;
  /** Opens an empty store. Called once per case; no two cases may share data. */
  readonly open: () => StoreOnTrial | Promise<StoreOnTrial>;
}

const GROUPS: Readonly<Record<string, Cases>> = { writing, revoking, listing, log, sweeping, enduring };

/**
 * Declares the tests that every session store must pass. Each follows from a sentence of the contract on `SessionStore`.
 * Run them against a real database, since a mock only proves the mock.
 *
 * @example
 * import { describe, it } from "vitest";
 * storeContract({ describe, it }, { name: "my store", open: async () => ({ store: await myStore() }) });
 */
export function storeContract({ describe, it }: TestFramework, { name, open }: StoreContractOptions): void {
  describe(`${name}: contract of session stores`, () => {
    for (const [group, cases] of Object.entries(GROUPS)) {
      describe(group, () => {
        for (const [title, check] of Object.entries(cases)) {
          it(title, () => runCase(open, check));
        }
      });
    }
  });
}

async function runCase(open: StoreContractOptions["open"], check: Cases[string]): Promise<void> {
  const { store, other = store, cleanUp } = await open();
  try {
    await check?.({ store, other });
  } finally {
    await store.close();
    await other.close();
    await cleanUp?.();
  }
}
