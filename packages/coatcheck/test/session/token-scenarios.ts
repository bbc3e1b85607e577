import fc from "fast-check";
import type { HandlerActionName, RequestingClient, Scenario, Step } from "./token-model.ts";
import { MINUTE, SECOND, TOKEN_OVERLAP } from "./token-site.ts";

/** Sequences of steps in which simpler token rules violate a property. Half of the random scenarios contain a variation of
 * one of these sequences. */
const KNOWN_SEQUENCES: readonly (readonly Step[])[] = [
  // The response to an elevation is lost, and the next request rotates the older token.
  [
    createStep("browser", "exchange", "login"),
    createStep("browser", "lose", "elevate"),
    createStep("browser", "exchange", "rotate"),
  ],
  // Two requests of different kinds use the same token.
  [
    createStep("browser", "exchange", "login"),
    createStep("browser", "open", "elevate"),
    createStep("browser", "exchange", "login"),
    { do: "handle", index: 0 },
  ],
  // A token that the attacker planted is refused several times while the session's token changes.
  [
    createStep("browser", "exchange", "login"),
    createStep("browser", "open", "elevate"),
    { do: "plant", index: 0 },
    { do: "pass", milliseconds: 20 * SECOND },
    { do: "handle", index: 0 },
    { do: "pass", milliseconds: 20 * SECOND },
  ],
  // A request loads the anonymous session before the login, and its handler writes after the login.
  [
    createStep("attacker", "open", "write"),
    createStep("browser", "exchange", "login"),
    { do: "handle", index: 0 },
  ],
  // The response to the login is lost, and the user logs out after the overlap.
  [
    createStep("browser", "lose", "login"),
    { do: "pass", milliseconds: TOKEN_OVERLAP },
    createStep("browser", "exchange", "logout"),
  ],
];

function createStep(
  client: RequestingClient,
  extent: "open" | "exchange" | "lose",
  act: HandlerActionName,
): Step {
  return { do: extent, by: client, act, index: 0 };
}

const arbitraryIndex = fc.nat({ max: 7 });
const arbitraryExtent = fc.constantFrom("send", "open", "open", "exchange", "exchange", "exchange", "lose");

const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: arbitraryExtent,
      by: fc.constant("browser" as const),
      act: fc.constantFrom(
        ...(["login", "login", "loginAsSecondUser", "elevate", "rotate"] as const),
        ...(["read", "write", "write", "logout"] as const),
      ),
      index: arbitraryIndex,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: arbitraryExtent,
      by: fc.constant("attacker" as const),
      act: fc.constantFrom("read", "write", "write", "rotate", "elevate", "logout", "login"),
      index: arbitraryIndex,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("double", "load", "handle", "handle", "handle", "deliver", "deliver", "drop"),
      index: arbitraryIndex,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "handleAll" }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("plant"), index: arbitraryIndex }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("pass" as const),
      milliseconds: fc.constantFrom(SECOND, 20 * SECOND, TOKEN_OVERLAP, 10 * MINUTE),
    }),
  },
);

/** One of {@link KNOWN_SEQUENCES}, with random steps inserted between its steps. */
const variedSequence = fc
  .tuple(
    fc.constantFrom(...KNOWN_SEQUENCES),
    fc.array(fc.tuple(fc.nat({ max: 6 }), arbitraryStep), { maxLength: 5, size: "max" }),
  )
  .map(([sequence, others]) => {
    const at = (place: number) => others.flatMap(([index, other]) => (index === place ? [other] : []));
    return [...sequence.flatMap((own, place) => [...at(place), own]), ...at(6)];
  });

/** Random scenarios for the model. Half of them contain a variation of one of {@link KNOWN_SEQUENCES}. */
export const arbitraryScenario: fc.Arbitrary<Scenario> = fc.record({
  attackerPlantsToken: fc.boolean(),
  rotateEvery: fc.constantFrom(null, 5 * MINUTE),
  hasCache: fc.boolean(),
  steps: fc.oneof(fc.array(arbitraryStep, { maxLength: 24, size: "max" }), variedSequence),
});
