import { describe, expect, it } from "vitest";
import { sinkContract } from "../../../src/testing/sink-suite.ts";
import type { SinkMutant } from "./sink-mutant.ts";
import { SINK_MUTANTS } from "./sink-mutants.ts";

/** Runs the contract tests on a sink. Returns the titles of the failed and of the passed tests. */
async function runContract(open: SinkMutant["open"]): Promise<{ failed: string[]; passed: string[] }> {
  const tests: [title: string, body: () => Promise<void>][] = [];
  sinkContract(
    {
      describe: (_name, body) => body(),
      it: (title, body) => tests.push([title, body]),
    },
    { name: "mutant", open },
  );
  const failed: string[] = [];
  const passed: string[] = [];
  for (const [title, body] of tests) {
    await body().then(
      () => passed.push(title),
      () => failed.push(title),
    );
  }
  return { failed, passed };
}

describe("sinkContract", () => {
  for (const { fault, foundBy, open } of SINK_MUTANTS) {
    it(`fails for a faulty sink: ${fault}`, async () => {
      const { failed, passed } = await runContract(open);
      expect(failed).toContain(foundBy);
      expect(passed.length).toBeGreaterThan(0);
    });
  }
});
