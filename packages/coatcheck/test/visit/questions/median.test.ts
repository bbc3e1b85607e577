import fc from "fast-check";
import { expect, it } from "vitest";
import { medianOf } from "../../../src/visit/questions/median.ts";
import { median } from "../recount/funnel.ts";

it("medianOf() equals the median of the merged lists", () => {
  const list = fc
    .array(fc.oneof(fc.nat(5), fc.nat(100_000_000), fc.constant(2 ** 45)))
    .map((numbers) => numbers.toSorted((left, right) => left - right));
  fc.assert(
    fc.property(fc.array(list), (lists) => {
      expect(medianOf(lists)).toBe(median(lists.flat()));
    }),
  );
});
