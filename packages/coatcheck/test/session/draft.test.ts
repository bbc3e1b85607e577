import { describe, expect, it } from "vitest";
import { Draft } from "../../src/session/draft.ts";

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

const createDraft = (base: object) => {
  const draft = new Draft(deepFreeze(base) as never);
  // biome-ignore lint/suspicious/noExplicitAny: the application defines the type of the view.
  return { draft, view: draft.view as any };
};

describe("a draft", () => {
  it("returns a null patch when it was only read", () => {
    const { draft, view } = createDraft({ a: { b: [1, 2] }, c: 1 });
    expect([view.a.b[1], view.c, view.nothing, "a" in view, Object.keys(view)]).toEqual([
      2,
      1,
      undefined,
      true,
      ["a", "c"],
    ]);
    expect(draft.createPatch()).toBeNull();
  });

  it("returns assignments at any depth as one merge patch", () => {
    const { draft, view } = createDraft({ cart: { apple: 1, pear: 2 }, theme: "light" });
    view.cart.apple += 1;
    view.cart.fig = 3;
    delete view.cart.pear;
    view.theme = null;
    expect(draft.createPatch()).toEqual({ cart: { apple: 2, fig: 3, pear: null }, theme: null });
    expect(view.cart).toEqual({ apple: 2, fig: 3 });
  });

  it("returns a null patch when the assigned values equal the present values", () => {
    const { draft, view } = createDraft({ a: { b: 1 }, list: [1] });
    view.a = { b: 1 };
    view.list.push(2);
    view.list.pop();
    expect(draft.createPatch()).toBeNull();
  });

  it("returns a patch with the whole array when one element changes", () => {
    const { draft, view } = createDraft({ list: [1, { a: 1 }] });
    view.list[1].a = 2;
    expect(draft.createPatch()).toEqual({ list: [1, { a: 2 }] });
  });

  it("copies a nested object that is assigned to another member, instead of sharing it", () => {
    const { draft, view } = createDraft({ from: { a: 1 } });
    view.from.a = 2;
    view.to = view.from;
    view.from.a = 3;
    expect(draft.createPatch()).toEqual({ from: { a: 3 }, to: { a: 2 } });
    expect(structuredClone(draft.createPatch())).toEqual({ from: { a: 3 }, to: { a: 2 } });
  });

  it("includes later changes of an assigned object in the patch", () => {
    const { draft, view } = createDraft({});
    view.cart = { apple: 1 };
    view.cart.apple = 2;
    expect(draft.createPatch()).toEqual({ cart: { apple: 2 } });
  });

  it("has no members inherited from Object.prototype", () => {
    const { draft, view } = createDraft({});
    expect(view.constructor).toBeUndefined();
    expect(view.hasOwnProperty).toBeUndefined();
    view.constructor = "builder";
    expect(draft.createPatch()).toEqual({ constructor: "builder" });
  });
});

describe("a view of a draft", () => {
  it("after Object.freeze(), rejects changes to its own members, but accepts changes inside nested objects", () => {
    const { draft, view } = createDraft({ cart: { apple: 1 }, list: [1], theme: "dark" });
    expect(Object.freeze(view)).toBe(view);
    expect(Object.isFrozen(view)).toBe(true);
    expect(view).toEqual({ cart: { apple: 1 }, list: [1], theme: "dark" });
    expect(JSON.stringify(view)).toBe('{"cart":{"apple":1},"list":[1],"theme":"dark"}');
    expect(() => {
      view.theme = "light";
    }).toThrow(TypeError);
    expect(() => {
      view.added = 1;
    }).toThrow(TypeError);
    expect(() => {
      delete view.theme;
    }).toThrow(TypeError);
    expect(draft.createPatch()).toBeNull();
    view.cart.apple = 2;
    expect(draft.createPatch()).toEqual({ cart: { apple: 2 } });
    expect(view.cart).toEqual({ apple: 2 });
  });

  it("contains the assignments from before the freeze", () => {
    const { draft, view } = createDraft({ theme: "dark" });
    view.theme = "light";
    Object.freeze(view);
    expect(view).toEqual({ theme: "light" });
    expect(draft.createPatch()).toEqual({ theme: "light" });
  });

  it("keeps its values after the session has been saved", () => {
    const { draft, view } = createDraft({ theme: "dark" });
    Object.freeze(view);
    draft.rebase({ theme: "light", more: 1 }, null);
    expect(view).toEqual({ theme: "dark" });
    expect(draft.createPatch()).toBeNull();
  });

  it("can be frozen at every level", () => {
    const { view } = createDraft({ cart: { fruit: { apple: 1 } }, list: [{ a: 1 }] });
    deepFreeze(view);
    expect(view).toEqual({ cart: { fruit: { apple: 1 } }, list: [{ a: 1 }] });
    expect(() => {
      view.cart.fruit.apple = 2;
    }).toThrow(TypeError);
  });

  it("accepts assignments to existing members after Object.seal()", () => {
    const { draft, view } = createDraft({ theme: "dark" });
    Object.seal(view);
    view.theme = "light";
    expect([view.theme, Object.isSealed(view), Object.isFrozen(view)]).toEqual(["light", true, false]);
    expect(draft.createPatch()).toEqual({ theme: "light" });
    expect(() => {
      view.added = 1;
    }).toThrow(TypeError);
  });
});
