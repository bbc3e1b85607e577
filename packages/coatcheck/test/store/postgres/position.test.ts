import { expect, test } from "vitest";
import {
  DurablePosition,
  type LogHead,
  positionOf,
  timelineStart,
  transactionOf,
} from "../../../src/store/postgres/position.ts";

function createLogHead(fields: Partial<LogHead>): LogHead {
  return { timeline: "00000001", transaction: 700, written: 5000, flushed: 5000, ...fields };
}

test("positionOf() returns a higher position for a later transaction, and for every transaction of a later timeline", () => {
  const first = positionOf(createLogHead({ transaction: 9_000_000_000 }));
  const later = positionOf(createLogHead({ transaction: 9_000_000_001 }));
  const promoted = createLogHead({ timeline: "00000002", transaction: 3 });
  expect(later).toBe(first + 1);
  expect(positionOf(promoted)).toBeGreaterThan(later);
  expect(timelineStart(promoted)).toBeGreaterThan(later);
  expect(transactionOf(first)).toBe(9_000_000_000);
  expect(transactionOf(positionOf(promoted))).toBe(3);
});

test("positionOf() throws when a position exceeds a safe integer", () => {
  expect(() => positionOf(createLogHead({ transaction: 2 ** 43 }))).toThrow(RangeError);
  expect(() => positionOf(createLogHead({ timeline: "00000400" }))).toThrow(RangeError);
  expect(positionOf(createLogHead({ timeline: "000003FF", transaction: 2 ** 43 - 1 }))).toBe(
    Number.MAX_SAFE_INTEGER,
  );
});

test("DurablePosition returns no position above the last flushed position", () => {
  const durable = new DurablePosition();
  const at = (fields: Partial<LogHead>) => transactionOf(durable.at(createLogHead(fields)));
  expect(at({ transaction: 700 })).toBe(700);
  expect(at({ transaction: 710, written: 6000, flushed: 5500 })).toBe(700);
  expect(at({ transaction: 720, written: 7000, flushed: 5900 })).toBe(700);
  expect(at({ transaction: 730, written: 8000, flushed: 6000 })).toBe(710);
  expect(at({ transaction: 740, written: 9000, flushed: 7999 })).toBe(710);
  expect(at({ transaction: 750, written: 9000, flushed: 9000 })).toBe(750);
});

test("DurablePosition returns an older position for an older read whose result arrives late", () => {
  const durable = new DurablePosition();
  durable.at(createLogHead({ transaction: 800 }));
  expect(transactionOf(durable.at(createLogHead({ transaction: 790 })))).toBe(790);
});
