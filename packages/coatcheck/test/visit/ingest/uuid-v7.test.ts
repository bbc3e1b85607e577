import { describe, expect, it } from "vitest";
import { createPooledRandom } from "../../../src/session/token.ts";
import { fakeClock } from "../../../src/testing/clock.ts";
import { orderEventId, uuidV7Source } from "../../../src/visit/ingest/uuid-v7.ts";

const AT = Date.UTC(2026, 0, 1);

/** Returns the time that a UUID v7 contains, in epoch milliseconds. */
function readTime(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

describe("uuidV7Source", () => {
  it("writes time, version and variant at the positions of RFC 9562", () => {
    const clock = fakeClock(0x017f22e279b0);
    const random = (bytes: Uint8Array) =>
      void bytes.set([0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]);
    // This is the example of RFC 9562 A.6, except for the counter, which begins below 0x800 here.
    expect(uuidV7Source({ clock, random })()).toBe("017f22e2-79b0-74c3-98c4-dc0c0c07398f");
  });

  it("returns ascending ids, even if the clock is set back", () => {
    const clock = fakeClock(AT);
    const next = uuidV7Source({ clock, random: createPooledRandom() });
    const ids: string[] = [];
    for (let index = 0; index < 20_000; index++) {
      if (index === 10_000) clock.set(AT - 3_600_000);
      if (index === 15_000) clock.set(AT + 5);
      ids.push(next());
    }
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(readTime(ids[0] ?? "")).toBe(AT);
    expect(readTime(ids.at(-1) ?? "")).toBeLessThan(AT + 15);
    for (const id of ids)
      expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });

  it("returns different ids in two processes at the same time", () => {
    const sources = [1, 2].map(() => uuidV7Source({ clock: fakeClock(AT), random: createPooledRandom() }));
    const ids = sources.flatMap((next) => Array.from({ length: 1000 }, next));
    expect(new Set(ids).size).toBe(2000);
  });

  it("uses the nearest time that fits into a UUID if the clock's time does not", () => {
    const random = (bytes: Uint8Array) => void bytes.fill(0);
    expect(uuidV7Source({ clock: fakeClock(-5), random })()).toBe("00000000-0000-7000-8000-000000000000");
    const far = uuidV7Source({ clock: fakeClock(2 ** 50), random });
    expect(far()).toBe("ffffffff-ffff-7000-8000-000000000000");
  });
});

describe("orderEventId", () => {
  it("returns the same UUID v8 in every process", () => {
    expect(orderEventId("acme", "1001")).toBe(orderEventId("acme", "1001"));
    expect(orderEventId("acme", "1001")).toMatch(
      /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
    );
    expect(orderEventId("acme", "1001")).toBe("7751841a-bf76-84dd-8ef6-57bce6f7f426");
  });

  it("returns different ids for different tenants or orders", () => {
    const orders: [string | null, string][] = [
      ["acme", "1"],
      ["acme", "2"],
      ["acm", "e1"],
      [null, "1"],
      ["null", "1"],
      ["", "1"],
      ['a","b', "c"],
      ["a", 'b","c'],
    ];
    expect(new Set(orders.map(([tenant, id]) => orderEventId(tenant, id))).size).toBe(orders.length);
  });
});
