import type { SessionStore } from "../session/store.ts";
import { enduring } from "./store-suite/enduring.ts";
import type { Cases } from "./store-suite/lab.ts";
import { listing } from "./store-suite/listing.ts";
import { log } from "./store-suite/log.ts";
import { revoking } from "./store-suite/revoking.ts";
import { sweeping } from "./store-suite/sweeping.ts";
import { writing } from "./store-suite/writing.ts";

/** The slice of a test framework that the suite uses; Vitest, Jest and `node:test` all have it. */
export interface TestFramework {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

/** One fresh, empty store for one case. */
export interface StoreOnTrial {
  readonly store: SessionStore;
  /**
   * A second handle on the same data, with a connection of its own, as another process would have: it is what shows
   * races. Leave it out only where the data cannot be shared.
   */
  readonly other?: SessionStore;
  /** Removes what the case left behind; the stores have been closed by then. */
  readonly cleanUp?: () => void | Promise<void>;
}

/** What {@link storeContract} needs to know of a store. */
export interface StoreContractOptions {
  /** Stands before each case in the test's output. */
  readonly name: string;
  /** Called once for each case; no two may share data. */
  readonly open: () => StoreOnTrial | Promise<StoreOnTrial>;
}

const GROUPS: Readonly<Record<string, Cases>> = { writing, revoking, listing, log, sweeping, enduring };

/**
 * Declares the tests that every session store must pass; each follows from a sentence of the contract on
 * `SessionStore`. Real servers only: a mock would prove the mock.
 *
 * @example
 * import { describe, it } from "vitest";
 * storeContract({ describe, it }, { name: "my store", open: async () => ({ store: await myStore() }) });
 */
export function storeContract({ describe, it }: TestFramework, { name, open }: StoreContractOptions): void {
  describe(`${name}: contract of session stores`, () => {
    for (const [group, cases] of Object.entries(GROUPS)) {
      describe(group, () => {
        for (const [sentence, prove] of Object.entries(cases)) {
          it(sentence, () => onTrial(open, prove));
        }
      });
    }
  });
}

async function onTrial(open: StoreContractOptions["open"], prove: Cases[string]): Promise<void> {
  const { store, other = store, cleanUp } = await open();
  try {
    await prove?.({ store, other });
  } finally {
    await store.close();
    await other.close();
    await cleanUp?.();
  }
}
