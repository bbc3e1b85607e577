import Sqids from "sqids";
import { describe, expect, it } from "vitest";
import { defineContext, loader, preference } from "../../src/context/index.ts";
import { hashedIds } from "../../src/context/sqids.ts";
import { BackOffice, createRequestSelecting, WAREHOUSE_HEADER, warehouseIds } from "./back-office.ts";

/** Texts that are not valid warehouse ids. */
const INVALID_IDS: readonly string[] = [
  "",
  "7",
  "!!",
  "undefined",
  "__proto__",
  "x".repeat(129),
  `${warehouseIds.encode(1)}x`,
];

describe("the selection of an entity by a header", () => {
  it("applies only to the request with the header, and does not change the session", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    expect(await office.readWarehouseName(token)).toBe("North");
    expect(await office.readWarehouseName(token, createRequestSelecting(2))).toBe("South");
    expect(await office.readWarehouseName(token)).toBe("North");
    expect((await office.openSession(token)).data).toEqual({});
  });

  it("is read from the headers of Fetch and of Node, in upper or lower case", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    const headers = new Headers({ [WAREHOUSE_HEADER]: warehouseIds.encode(2) });
    expect((await office.context.of(await office.openSession(token), { headers }).warehouse())?.name).toBe(
      "South",
    );
    expect(await office.readWarehouseName(token, createRequestSelecting(2))).toBe("South");
  });

  it("throws FORBIDDEN for a warehouse of another company and for a missing warehouse", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    await office.readWarehouseName(token);
    const before = office.context.metrics().entries;
    for (const id of [3, 99]) {
      await expect(office.readWarehouseName(token, createRequestSelecting(id))).rejects.toMatchObject({
        code: "FORBIDDEN",
        status: 403,
        message: 'This session may not select this "warehouse".',
      });
    }
    expect(office.context.metrics().entries).toBe(before);
    expect(await office.readWarehouseName(token)).toBe("North");
  });

  it("throws FORBIDDEN for a warehouse of the user's company if `mayEnter` denies it", async () => {
    const office = new BackOffice();
    const token = await office.logIn("bob");
    await expect(office.readWarehouseName(token, createRequestSelecting(1))).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
  });

  it("throws VALIDATION_FAILED without a query for a text that decodes to no id or to two ids", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    await office.readWarehouseName(token);
    const { queries } = office;
    const several = encodeSeveralIds([1, 2]);
    for (const text of [...INVALID_IDS, several, `${warehouseIds.encode(1)}, ${warehouseIds.encode(2)}`]) {
      const request = { headers: { [WAREHOUSE_HEADER.toLowerCase()]: text } };
      await expect(office.readWarehouseName(token, request), text).rejects.toMatchObject({
        code: "VALIDATION_FAILED",
        message: `The selected "warehouse" ${text === several ? "has several ids, but must be one id" : "is not a valid id"}.`,
      });
    }
    expect(office.queries).toBe(queries);
  });

  it("throws FORBIDDEN for an anonymous session", async () => {
    const office = new BackOffice();
    const session = office.sessions.begin(() => ({}));
    await expect(office.context.of(session, createRequestSelecting(1)).warehouse()).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
    expect(session.isNew).toBe(true);
  });

  it("applies on a route that does not store sessions; select() with the option `keep` throws there", async () => {
    const office = new BackOffice();
    const of = office.context.of({ subject: "ada", tenant: null, data: {} }, createRequestSelecting(2));
    expect((await of.warehouse())?.name).toBe("South");
    await expect(of.select("warehouse", warehouseIds.encode(1), { keep: true })).rejects.toThrow(
      "the session has no method patch()",
    );
    const foreign = office.context.of({ subject: "ada", tenant: null, data: {} }, createRequestSelecting(3));
    await expect(foreign.warehouse()).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect((await office.sessions.stats()).total).toBe(0);
  });

  it("does not change entities that do not depend on it", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    const of = office.context.of(await office.openSession(token), createRequestSelecting(3));
    expect((await of.user())?.id).toBe("ada");
    await expect(of.warehouse()).rejects.toMatchObject({ code: "FORBIDDEN" });
  });
});

describe("select()", () => {
  it("by default, applies only to the request in which it is called, and takes precedence over the header", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    const of = office.context.of(await office.openSession(token), createRequestSelecting(1));
    expect(await of.select("warehouse", warehouseIds.encode(2))).toMatchObject({ name: "South" });
    expect((await of.warehouse())?.name).toBe("South");
    expect((await office.openSession(token)).data).toEqual({});
    expect(await of.select("warehouse", null)).toMatchObject({ name: "North" });
    expect(await office.readWarehouseName(token)).toBe("North");
  });

  it("stores the selection in the session only with the option `keep`, and removes it when null is selected", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    await office.context
      .of(await office.openSession(token))
      .select("warehouse", warehouseIds.encode(2), { keep: true });
    expect((await office.openSession(token)).data).toEqual({ warehouseId: 2 });
    expect(await office.readWarehouseName(token)).toBe("South");
    expect(await office.readWarehouseName(token, createRequestSelecting(1))).toBe("North");
    await office.context.of(await office.openSession(token)).select("warehouse", null, { keep: true });
    expect(await office.readWarehouseName(token)).toBe("North");
    expect((await office.openSession(token)).data).toEqual({});
  });

  it("throws FORBIDDEN for a warehouse that `mayEnter` denies, and does not store the selection", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    const of = office.context.of(await office.openSession(token));
    await of.select("warehouse", warehouseIds.encode(2), { keep: true });
    await expect(of.select("warehouse", warehouseIds.encode(3), { keep: true })).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
    for (const text of INVALID_IDS) {
      await expect(of.select("warehouse", text, { keep: true })).rejects.toMatchObject({
        code: "VALIDATION_FAILED",
      });
    }
    expect((await of.warehouse())?.name).toBe("South");
    expect((await office.openSession(token)).data).toEqual({ warehouseId: 2 });
  });

  it("falls back to the user's own warehouse if `mayEnter` denies the stored selection", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    const of = office.context.of(await office.openSession(token));
    await of.select("warehouse", warehouseIds.encode(2), { keep: true });
    office.users.set("ada", { id: "ada", companyId: 1, warehouseId: 1, warehouses: [1] });
    await office.context.invalidate("user", "ada");
    expect(await office.readWarehouseName(token)).toBe("North");
  });

  it("throws if the loader has no option `selection`, and if the session cannot store the selection", async () => {
    const office = new BackOffice();
    const of = office.context.of(await office.openSession(await office.logIn("ada")));
    await expect(of.select("company", "1")).rejects.toThrow(
      'Cannot select another "company": the loader of "company" must have the option "selection".',
    );
    await expect(of.select("wharehouse" as never, "1")).rejects.toThrow("name must be one of");
    await expect(of.select("warehouse", "1", { kep: true } as never)).rejects.toThrow('did you mean "keep"?');
    const plain = office.context.of({ subject: "ada", tenant: null, data: {} });
    await expect(plain.select("warehouse", warehouseIds.encode(2), { keep: true })).rejects.toThrow(
      "the session has no method patch()",
    );
  });

  it("grants access only if `mayEnter` returns `true`, not if it returns a promise or another truthy value", async () => {
    const { cache } = new BackOffice();
    for (const answer of [Promise.resolve(false), "yes", 1, undefined]) {
      const place = loader({
        reference: () => "home",
        load: (id: string) => ({ id }),
        selection: { mayEnter: () => answer as unknown as boolean },
      });
      const of = defineContext({ place }, { cache }).of({ subject: "ada", tenant: null, data: {} });
      await expect(of.select("place", "vault")).rejects.toMatchObject({ code: "FORBIDDEN" });
      expect(await of.place()).toEqual({ id: "home" });
    }
  });
});

describe("preferences", () => {
  it("have a default, are stored in the session, call save(), and invalidate the entities that save() changed", async () => {
    const office = new BackOffice();
    const [token, other] = [await office.logIn("ada"), await office.logIn("bob")];
    expect(await office.context.of(await office.openSession(token)).theme()).toBe("light");
    expect((await office.context.of(await office.openSession(other)).company())?.theme).toBe("light");
    await office.context.of(await office.openSession(token)).set("theme", "dark");
    expect((await office.openSession(token)).data).toEqual({ theme: "dark" });
    expect(await office.context.of(await office.openSession(token)).theme()).toBe("dark");
    // `save()` changed the company, so the default theme of its other users has changed too.
    expect((await office.context.of(await office.openSession(other)).company())?.theme).toBe("dark");
    expect(await office.context.of(await office.openSession(other)).theme()).toBe("dark");
  });

  it("stay unchanged if save() fails or if the value is not allowed", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    const of = office.context.of(await office.openSession(token));
    await expect(of.set("theme", "pink" as never)).rejects.toMatchObject({
      code: "VALIDATION_FAILED",
      message: 'The value of "theme" must be one of light, dark.',
    });
    office.isReadOnly = true;
    await expect(of.set("theme", "dark")).rejects.toThrow("The database is read-only.");
    expect(await of.theme()).toBe("light");
    expect((await office.openSession(token)).data).toEqual({});
  });

  it("fall back to the default if the stored value is no longer allowed", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    const session = await office.openSession(token);
    await session.patch({ theme: "pink", language: "fr" });
    expect(await office.context.of(session).theme()).toBe("light");
    expect(await office.context.of(session).language()).toBe("en");
    await office.context.of(session).set("language", "de");
    expect(await office.context.of(await office.openSession(token)).language()).toBe("de");
  });

  it("reject invalid options", () => {
    const options = { values: ["a"], default: "a", member: "m" } as const;
    const misuses: [string, object][] = [
      ["default must be one of a", { ...options, default: "b" }],
      ["values must be a list of strings", { ...options, values: [] }],
      ["member must be the name of a member of the session data", { ...options, member: "" }],
      ['invalidates must be a list of names from the option "from"', { ...options, invalidates: ["user"] }],
      ['unknown option "defualt"', { ...options, defualt: "a" }],
    ];
    for (const [message, given] of misuses) expect(() => preference(given as never)).toThrow(message);
    expect(() => loader({ reference: () => 1, load: () => 1, selection: {} as never })).toThrow(
      "selection.mayEnter must be a function",
    );
  });
});

describe("hashedIds()", () => {
  it("encodes each id as a text of at least the minimum length, and decodes only that text", () => {
    for (const id of [0, 1, 7, 99, 100_000, Number.MAX_SAFE_INTEGER]) {
      const text = warehouseIds.encode(id);
      expect(text.length).toBeGreaterThanOrEqual(8);
      expect(warehouseIds.decode(text)).toEqual([id]);
    }
    for (const text of INVALID_IDS) expect(warehouseIds.decode(text)).toEqual([]);
    // A text that sqids decodes although encode() never returns it.
    const others = hashedIds({ alphabet: "abcdefghijklmnopqrstuvwxyz", minLength: 0 });
    const texts = new Set(Array.from({ length: 1000 }, (_, id) => others.encode(id)));
    const letters = [..."abcdefghijklmnopqrstuvwxyz"];
    const pairs = letters.flatMap((first) => letters.map((second) => first + second));
    for (const text of pairs) expect(others.decode(text).length === 0 || texts.has(text), text).toBe(true);
  });

  it("rejects an invalid alphabet or length", () => {
    for (const options of [{ alphabet: "aa" }, { alphabet: "abcd", minLength: 999 }, {}, { alphabet: 7 }]) {
      expect(() => hashedIds(options as never)).toThrow("Invalid options of hashedIds()");
    }
  });
});

/** Encodes several ids into one text, as the library `sqids` does. */
function encodeSeveralIds(several: readonly number[]): string {
  return new Sqids({
    alphabet: "k3G7QAe51FCsPW92uEOyq4Bg6Sp8YzVTmnU0liwDdHXLajZrfxNhobJIRcMvKt",
    minLength: 8,
  }).encode([...several]);
}
