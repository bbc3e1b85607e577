import type { SessionStore } from "coatcheck";
import { memoryStore } from "coatcheck/store/memory";
import { storeContract } from "coatcheck/testing";
import { describe, expect, it } from "vitest";
import { collationMutants } from "./store-suite/collation-mutants.ts";
import { readContractSentences } from "./store-suite/contract-text.ts";
import { GENERAL_PROMISES } from "./store-suite/general-promises.ts";
import { listingMutants } from "./store-suite/listing-mutants.ts";
import { METHOD_PROMISES } from "./store-suite/method-promises.ts";
import type { Mutant } from "./store-suite/mutant.ts";
import { OTHER_SENTENCES } from "./store-suite/other-sentences.ts";
import { readingMutants } from "./store-suite/reading-mutants.ts";
import { revokingMutants } from "./store-suite/revoking-mutants.ts";
import { writingMutants } from "./store-suite/writing-mutants.ts";

const PROMISES = { ...GENERAL_PROMISES, ...METHOD_PROMISES };
const MUTANTS: Readonly<Record<string, Mutant>> = {
  ...readingMutants,
  ...writingMutants,
  ...revokingMutants,
  ...listingMutants,
  ...collationMutants,
};

/** Returns the cases of the suite, by title. Each case runs with a store that `open` creates. */
function collectCases(open: () => SessionStore): ReadonlyMap<string, () => Promise<void>> {
  const cases = new Map<string, () => Promise<void>>();
  const framework = {
    describe: (_: string, body: () => void) => body(),
    it: (title: string, body: () => Promise<void>) => cases.set(title, body),
  };
  storeContract(framework, { name: "one case", open: () => ({ store: open() }) });
  return cases;
}

/** Case title → one entry for each mutant that the case must catch. */
const COVERAGE = Map.groupBy(
  Object.values(PROMISES).flatMap((coverage) =>
    Object.entries(coverage).flatMap(([title, mutants]) => mutants.map((mutant) => ({ title, mutant }))),
  ),
  ({ title }) => title,
);

describe("the suite of the store contract", () => {
  it("covers each sentence of the contract, or states why it does not", () => {
    const listed = [...Object.keys(PROMISES), ...Object.values(OTHER_SENTENCES).flat()];
    expect(listed.toSorted()).toEqual([...new Set(readContractSentences())].toSorted());
  });

  it("contains only cases that cover a sentence of the contract", () => {
    expect([...COVERAGE.keys()].toSorted()).toEqual([...collectCases(memoryStore).keys()].toSorted());
  });

  it("assigns each mutant to a case that must catch it", () => {
    const used = new Set([...COVERAGE.values()].flat().map(({ mutant }) => mutant));
    expect(Object.keys(MUTANTS).filter((name) => !used.has(name))).toEqual([]);
  });

  for (const [title, uses] of COVERAGE) {
    describe(title, () => {
      for (const name of new Set(uses.map(({ mutant }) => mutant))) {
        it(`fails when ${name}`, async () => {
          const create = MUTANTS[name];
          if (!create) throw new Error(`There is no mutant "${name}".`);
          const test = collectCases(create).get(title);
          if (!test) throw new Error(`The suite has no case "${title}".`);
          const failure = await test().catch((error: unknown) => error);
          expect(failure).toBeInstanceOf(Error);
          expect(failure, "the mutant itself is broken").not.toBeInstanceOf(TypeError);
        });
      }
    });
  }
});
