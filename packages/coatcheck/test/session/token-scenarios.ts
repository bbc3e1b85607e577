import fc from "fast-check";
import type { ActName, Client, Scenario, Step } from "./token-model.ts";
import { MINUTE, OVERLAP, SECOND } from "./token-site.ts";

/** Sequences of steps in which simpler rules fail. Half of the random runs contain a variation of one of them. */
const KNOWN_SEQUENCES: readonly (readonly Step[])[] = [
  // The response to an elevation is lost, and the next request rotates the older token.
  [
    stepOf("browser", "exchange", "login"),
    stepOf("browser", "lose", "elevate"),
    stepOf("browser", "exchange", "rotate"),
  ],
  // Two requests of different kinds use the same token.
  [
    stepOf("browser", "exchange", "login"),
    stepOf("browser", "open", "elevate"),
    stepOf("browser", "exchange", "login"),
    { do: "handle", index: 0 },
  ],
  // A planted token is refused several times while the session's token changes.
  [
    stepOf("browser", "exchange", "login"),
    stepOf("browser", "open", "elevate"),
    { do: "plant", index: 0 },
    { do: "pass", milliseconds: 20 * SECOND },
    { do: "handle", index: 0 },
    { do: "pass", milliseconds: 20 * SECOND },
  ],
  // A write loads the anonymous session, and runs after the login.
  [stepOf("attacker", "open", "write"), stepOf("browser", "exchange", "login"), { do: "handle", index: 0 }],
  // The response to the login is lost, and the user logs out after the overlap.
  [
    stepOf("browser", "lose", "login"),
    { do: "pass", milliseconds: OVERLAP },
    stepOf("browser", "exchange", "logout"),
  ],
];

function stepOf(client: Client, extent: "open" | "exchange" | "lose", act: ActName): Step {
  return { do: extent, by: client, act, index: 0 };
}

const index = fc.nat({ max: 7 });
const extent = fc.constantFrom("send", "open", "open", "exchange", "exchange", "exchange", "lose");

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: extent,
      by: fc.constant("browser" as const),
      act: fc.constantFrom(
        ...(["login", "login", "loginAsSecondUser", "elevate", "rotate"] as const),
        ...(["read", "write", "write", "logout"] as const),
      ),
      index,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: extent,
      by: fc.constant("attacker" as const),
      act: fc.constantFrom("read", "write", "write", "rotate", "elevate", "logout", "login"),
      index,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("double", "load", "handle", "handle", "handle", "deliver", "deliver", "drop"),
      index,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "handleAll" }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("plant"), index }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("pass" as const),
      milliseconds: fc.constantFrom(SECOND, 20 * SECOND, OVERLAP, 10 * MINUTE),
    }),
  },
);

/** One of {@link KNOWN_SEQUENCES}, with random steps in between. */
const variedSequence = fc
  .tuple(
    fc.constantFrom(...KNOWN_SEQUENCES),
    fc.array(fc.tuple(fc.nat({ max: 6 }), step), { maxLength: 5, size: "max" }),
  )
  .map(([sequence, others]) => {
    const at = (place: number) => others.flatMap(([index, other]) => (index === place ? [other] : []));
    return [...sequence.flatMap((own, place) => [...at(place), own]), ...at(6)];
  });

/** Random runs of the model. Half of them contain one of {@link KNOWN_SEQUENCES}. */
export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  planted: fc.boolean(),
  rotateEvery: fc.constantFrom(null, 5 * MINUTE),
  cached: fc.boolean(),
  steps: fc.oneof(fc.array(step, { maxLength: 24, size: "max" }), variedSequence),
});
