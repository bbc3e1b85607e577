import * as fc from "fast-check";

/** How the clocks of one process run. */
export interface NodeClocks {
  /** Speed relative to true time, per mille: ±5 is half a percent faster or slower. */
  readonly drift: number;
  /**
   * The clock fault that can occur. Suspending a virtual machine freezes the monotonic clock; an administrator can set
   * the wall clock. Only one of these faults can happen to a process (assumption A2 of docs/guarantees.md).
   */
  readonly clocks: "freeze" | "jump";
}

/**
 * One action or fault. The numbers are indexes of nodes, sessions and scopes, modulo their count. `span` in
 * milliseconds.
 */
export type Step =
  | {
      readonly kind: "revoke" | "privilege" | "data" | "check";
      readonly node: number;
      readonly session: number;
    }
  | { readonly kind: "mass"; readonly node: number; readonly scope: number }
  | { readonly kind: "pause"; readonly node: number; readonly span: number; readonly order: number }
  | { readonly kind: "cut"; readonly node: number; readonly from: Remote; readonly span: number }
  | { readonly kind: "jump"; readonly node: number; readonly by: number }
  | { readonly kind: "lose-tail"; readonly span: number }
  | { readonly kind: "restart"; readonly node: number };

/** The servers that a node can be cut off from. */
export type Remote = "store" | "shared" | "both";

/** The input of one run. fast-check generates it, so a failure can be shrunk and reproduced by its seed. */
export interface Scenario {
  readonly nodes: readonly NodeClocks[];
  /** The steps, each with the milliseconds to wait before it. */
  readonly steps: readonly { readonly wait: number; readonly step: Step }[];
  /**
   * Delays of the messages, in milliseconds, used in turn and repeated from the start. -1 means that the message is
   * lost.
   */
  readonly delays: readonly number[];
}

const smallNumber = fc.nat({ max: 11 });
const span = fc.oneof(
  { weight: 7, arbitrary: fc.integer({ min: 50, max: 3000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 3000, max: 9000 }) },
);
const wait = fc.oneof(
  { weight: 15, arbitrary: fc.integer({ min: 0, max: 400 }) },
  { weight: 1, arbitrary: fc.integer({ min: 400, max: 4000 }) },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom("revoke", "privilege"),
      node: smallNumber,
      session: smallNumber,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("mass"), node: smallNumber, scope: smallNumber }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom("data", "check"), node: smallNumber, session: smallNumber }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("pause"), node: smallNumber, span, order: fc.nat() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("cut"),
      node: smallNumber,
      from: fc.constantFrom("store", "shared", "both"),
      span,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("jump"),
      node: smallNumber,
      by: fc.integer({ min: -5000, max: 5000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lose-tail"), span }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart"), node: smallNumber }) },
);

const messageDelay = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 5 }) },
  { weight: 4, arbitrary: fc.integer({ min: 5, max: 300 }) },
  { weight: 2, arbitrary: fc.integer({ min: 300, max: 2500 }) },
  { weight: 1, arbitrary: fc.constant(-1) },
);

/** Generates scenarios. */
export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  nodes: fc.array(
    fc.record({ drift: fc.integer({ min: -5, max: 5 }), clocks: fc.constantFrom("freeze", "jump") }),
    { minLength: 2, maxLength: 3 },
  ),
  steps: fc.array(fc.record({ wait, step }), {
    minLength: 1,
    maxLength: 40,
  }),
  delays: fc.array(messageDelay, { minLength: 1, maxLength: 60 }),
});
