import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { TokenModel } from "./token-model.ts";
import { MUTANTS } from "./token-mutants.ts";
import { scenarios } from "./token-scenarios.ts";

/**
 * After each step: 1. No token that the attacker knows opens the user's session, and no attacker changes its data. 2.
 * No elevation is available to a token that was issued before it, nor to what replaces that token. 3. With all requests
 * in flight lost, a login succeeds at once, and the next read sees the user. 4. No token is refused for longer than one
 * overlap; one overlap later, with nothing in flight, a write succeeds. 5. A logout ends the session, unless a newer
 * token was first used longer than one overlap ago.
 *
 * Five situations end with an orphaned session or a browser that has to log in once more: logins as two subjects at
 * once, two first requests without a cookie at once, crossing logins in two tabs, responses later than an overlap, and
 * a logout that races a login under a planted token. No property promises more than that one login, so the runs include
 * them.
 */
const property = fc.asyncProperty(scenarios, (scenario) => TokenModel.play(scenario));

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the token rules", () => {
  it("keep their properties when requests and responses are lost, doubled, late and reordered", async () => {
    await fc.assert(property, { seed: 2, numRuns: 150 });
  });
});

describe("a simpler token rule", () => {
  it.each(MUTANTS)("breaks property $property: $rule", async ({ apply, property: broken }) => {
    apply();
    const { errorInstance } = await fc.check(property, { seed: 2, numRuns: 100, endOnFailure: true });
    expect(errorInstance).toMatchObject({ property: broken });
  });
});
