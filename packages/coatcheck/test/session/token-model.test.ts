import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { TokenModel } from "./token-model.ts";
import { MUTANTS } from "./token-mutants.ts";
import { arbitraryScenario } from "./token-scenarios.ts";

/**
 * Five properties hold after each step:
 *
 * 1. No token that the attacker knows opens the user's session, and the attacker cannot change the session's data. 2. A
 * token that was issued before an elevation has no elevation. A token that replaces such a token has none either. 3. If
 * all pending requests are lost, a login succeeds at once, and the next read returns the user's session. 4. Writes with
 * the browser's token fail for at most one overlap. If no request is pending then, the next write succeeds. 5. A logout
 * ends the session, unless a newer token was first used longer than one overlap ago.
 *
 * Five situations leave an orphaned session behind, or require one more login: simultaneous logins as two subjects, two
 * simultaneous first requests without a cookie, simultaneous logins in two tabs, a response that arrives after the
 * overlap, and a logout that races a login with a planted token. The properties allow
 * this, so the runs include these situations.
 */
const property = fc.asyncProperty(arbitraryScenario, (scenario) => TokenModel.runScenario(scenario));

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the rules for tokens", () => {
  it("keep the five properties of the model even if requests and responses are lost, repeated, delayed and reordered", async () => {
    await fc.assert(property, { seed: 2, numRuns: 150 });
  });
});

describe("a simpler token rule", () => {
  it.each(MUTANTS)("violates property $property: $rule", async ({ apply, violatedProperty: broken }) => {
    apply();
    const { errorInstance } = await fc.check(property, { seed: 2, numRuns: 100, endOnFailure: true });
    expect(errorInstance).toMatchObject({ property: broken });
  });
});
