import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../src/session/json.ts";
import { applyMergePatch, diffMergePatch, requireJsonObject } from "../../src/session/patch.ts";

/** Generates objects without null members, because null removes a member in a merge patch (RFC 7396 §1). */
const jsonObject = fc.letrec<{ object: JsonObject; value: unknown }>((tie) => ({
  object: fc.dictionary(
    fc.string({ maxLength: 4 }).filter((name) => name !== "__proto__"),
    tie("value"),
    { maxKeys: 5 },
  ) as fc.Arbitrary<JsonObject>,
  value: fc.oneof(
    { maxDepth: 4 },
    fc.integer(),
    fc.string(),
    fc.boolean(),
    fc.array(fc.integer(), { maxLength: 3 }),
    tie("object"),
  ),
})).object;

const roundTripJson = (value: unknown) => JSON.parse(JSON.stringify(value));

describe("applyMergePatch() and diffMergePatch()", () => {
  it.each([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("follow RFC 7396 appendix A: %j patched with %j is %j", (target, patch, result) => {
    expect(applyMergePatch(target, patch)).toEqual(result);
  });

  it("return a result that is not larger than the object and the patch together", () => {
    const size = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
    fc.assert(
      fc.property(jsonObject, jsonObject, (target, patch) => {
        expect(size(applyMergePatch(target, patch))).toBeLessThanOrEqual(size(target) + size(patch));
      }),
    );
  });

  it("find and apply a patch that turns any object into any other object", () => {
    fc.assert(
      fc.property(jsonObject, jsonObject, (before, after) => {
        const patch = diffMergePatch(before, after);
        expect(roundTripJson(patch ? applyMergePatch(before, patch) : before)).toEqual(roundTripJson(after));
      }),
    );
  });

  it("treat objects as equal if only the order of their members differs", () => {
    expect(diffMergePatch({ a: 1, b: { c: [1, { d: 2 }] } }, { b: { c: [1, { d: 2 }] }, a: 1 })).toBeNull();
  });

  it("keep the changes of two patches of different members, in either order", () => {
    const base = { cart: { a: 1 } };
    const one = { cart: { b: 2 } };
    const other = { theme: "dark" };
    const result = { cart: { a: 1, b: 2 }, theme: "dark" };
    expect(applyMergePatch(applyMergePatch(base, one), other)).toEqual(result);
    expect(applyMergePatch(applyMergePatch(base, other), one)).toEqual(result);
  });
});

describe("requireJsonObject()", () => {
  const faultsOf = (value: unknown) => {
    try {
      requireJsonObject(value, "data", 1000);
    } catch (error) {
      return { ...(error as { code: string; faults: unknown[] }) };
    }
    return null;
  };

  it.each([
    ["a Date", { when: new Date(0) }, "data.when"],
    ["NaN", { list: [1, Number.NaN] }, "data.list.1"],
    ["a function", { deep: { run: () => 1 } }, "data.deep.run"],
    ["a bigint", { big: 1n }, "data.big"],
    ["a Map", { map: new Map() }, "data.map"],
    ["__proto__", JSON.parse('{"a":{"__proto__":{"admin":true}}}'), "data.a.__proto__"],
    ["an array at the top", [], "data"],
    ["null at the top", null, "data"],
  ])("rejects %s", (_name, value, path) => {
    expect(faultsOf(value)).toMatchObject({ code: "VALIDATION_FAILED", faults: [{ path }] });
  });

  it("rejects nesting of 10,000 levels", () => {
    let value: JsonObject = {};
    for (let depth = 0; depth < 10_000; depth++) value = { value };
    expect(faultsOf(value)).toMatchObject({ code: "VALIDATION_FAILED" });
  });

  it("compares the limit with the number of bytes, not of characters", () => {
    expect(faultsOf({ text: "é".repeat(495) })).toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    expect(faultsOf({ text: "e".repeat(900) })).toBeNull();
  });
});
