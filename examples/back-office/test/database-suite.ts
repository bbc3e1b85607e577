import { afterEach, beforeEach, expect, it } from "vitest";
import { addCompany } from "../lib/companies.ts";
import type { Database } from "../lib/database/database.ts";
import { addDemo } from "../lib/demo.ts";
import { FormError } from "../lib/form-error.ts";
import { findName, findUser } from "../lib/people.ts";
import { addRole, changeRole, listRoles } from "../lib/roles.ts";
import { adjustItem, listItems, listMovements, readStockFigures } from "../lib/stock.ts";
import { createOnce } from "../lib/submissions.ts";
import { addUser, changeUser, findListedUser, listUsers } from "../lib/users.ts";
import { addWarehouse, listWarehouses, listWarehousesWithTotals } from "../lib/warehouses.ts";
import type { TestDatabase } from "./fixtures.ts";

const ALPINE = 1;
const ADA = 1;
const BEN = 2;
const NOW = Date.parse("2026-12-01T12:00:00Z");

/** No test logs in, and a real hash takes a second on a busy machine. */
const noHash = async () => "no hash";
const faultsOf = (error: unknown) => (error instanceof FormError ? error.faults : error);

/** The tests that every database system must pass. */
export function databaseSuite(createDatabase: () => Promise<TestDatabase>): void {
  let testDatabase: TestDatabase;
  let database: Database;

  beforeEach(async () => {
    testDatabase = await createDatabase();
    database = await testDatabase.open();
    await addDemo(database, noHash);
  });
  afterEach(async () => {
    await database.close();
    await testDatabase.end();
  });

  it("two processes that start with an empty database add the demo data once", async () => {
    const empty = await createDatabase();
    const opened = await Promise.all([empty.open(), empty.open()]);
    await Promise.all(opened.map((each) => addDemo(each, noHash)));
    const [first] = opened;
    expect(await first?.one("SELECT count(*) AS count FROM companies")).toEqual({ count: 2 });
    expect(await first?.one("SELECT count(*) AS count FROM users")).toEqual({ count: 6 });
    await Promise.all(opened.map((each) => each.close()));
    await empty.end();
  });

  it("findUser() returns a user with role, permissions and warehouses, and null for a string that is not an id", async () => {
    expect(await findUser(database, String(BEN))).toEqual({
      id: "2",
      companyId: ALPINE,
      email: "ben@alpine.example",
      name: "Ben Moser",
      role: "Clerk",
      permissions: ["stock.edit"],
      warehouseId: 1,
      warehouses: [
        { id: 2, name: "Bern Wankdorf" },
        { id: 1, name: "Zurich North" },
      ],
      theme: "system",
      language: "en",
      isSuperAdmin: false,
    });
    for (const id of ["", "0", "99", "user-7", "2; DROP TABLE users", "99999999999999999999"]) {
      expect(await findUser(database, id), id).toBeNull();
    }
    await database.run("UPDATE users SET active = 0 WHERE id = ?", BEN);
    expect(await findUser(database, String(BEN))).toBeNull();
    expect(await findName(database, String(BEN))).toBe("Ben Moser");
  });

  it("countStatements() counts the statements of one call, without the statements of concurrent calls", async () => {
    const counted = database.countStatements(() => findUser(database, String(BEN)));
    await findUser(database, String(ADA));
    expect((await counted)[1]).toBe(2);
  });

  it("addUser() adds one user for each email address, with a role and warehouses of the company", async () => {
    const content = {
      name: "Dora",
      email: "dora@alpine.example",
      roleId: 2,
      warehouseId: 1,
      warehouseIds: [1, 3],
    };
    const editor = { company: ALPINE, permissions: null };
    const add = (change: object = {}) => addUser(database, editor, { ...content, ...change }, "hash");
    const id = await add();
    expect(await findListedUser(database, id)).toMatchObject({
      ...content,
      id,
      companyId: ALPINE,
      role: "Clerk",
      active: true,
    });
    expect((await listUsers(database, ALPINE)).map(({ name }) => name)).toEqual([
      "Ada Keller",
      "Ben Moser",
      "Cleo Rossi",
      "Dora",
    ]);
    expect(await add().catch(faultsOf)).toEqual({ email: "emailTaken" });
    const other = { email: "other@alpine.example" };
    expect(await add({ ...other, roleId: 4 }).catch(faultsOf)).toEqual({ role: "noSuchRole" });
    expect(await add({ ...other, warehouseIds: [1, 4] }).catch(faultsOf)).toEqual({
      warehouses: "noSuchWarehouse",
    });
    expect(await add({ ...other, warehouseId: 2 }).catch(faultsOf)).toEqual({
      warehouse: "ownWarehouseNotAllowed",
    });
  });

  it("changeUser() rejects a role that has a permission which the editor lacks, unless the user already has the role", async () => {
    const editor = { company: ALPINE, permissions: ["users.view", "users.edit"] as const };
    const line = await findListedUser(database, BEN);
    if (line === null) throw new Error("Ben is missing.");
    const change = (fields: object) =>
      changeUser(database, editor, BEN, { ...line, ...fields }).then(() => "changed", faultsOf);
    expect(await change({ roleId: 1 })).toEqual({ role: "roleTooStrong" });
    expect(await change({ name: "Benjamin" })).toBe("changed");
    expect(await change({ roleId: 3 })).toBe("changed");
    expect(await change({ roleId: 2 })).toEqual({ role: "roleTooStrong" });
    expect((await findListedUser(database, BEN))?.role).toBe("Auditor");
  });

  it("changeUser() rejects an email address that another user has, and changes nothing", async () => {
    const before = await findListedUser(database, BEN);
    if (before === null) throw new Error("Ben is missing.");
    const change = { ...before, email: "ada@alpine.example", warehouseIds: [1] };
    const editor = { company: ALPINE, permissions: null };
    expect(await changeUser(database, editor, BEN, change).catch(faultsOf)).toEqual({ email: "emailTaken" });
    expect(await findListedUser(database, BEN)).toEqual(before);
  });

  it("addRole() and addWarehouse() reject a name that differs from an existing name only in upper and lower case", async () => {
    const role = { name: "Buyer", permissions: ["users.view"] as const };
    const id = await addRole(database, ALPINE, role);
    expect(await addRole(database, ALPINE, { ...role, name: "BUYER" }).catch(faultsOf)).toEqual({
      name: "nameTaken",
    });
    expect(await changeRole(database, ALPINE, id, ["stock.edit"])).toBe(true);
    expect(await changeRole(database, 2, id, [])).toBe(false);
    expect((await listRoles(database, ALPINE)).at(-1)).toEqual({
      id,
      name: "Buyer",
      permissions: ["stock.edit"],
      users: 0,
    });

    const chur = await addWarehouse(database, ALPINE, { name: "Chur", copyItemsFrom: 1 });
    const lines = await listWarehousesWithTotals(database, ALPINE);
    expect(lines.find((each) => each.id === chur)).toEqual({
      id: chur,
      name: "Chur",
      users: 0,
      items: 20,
      pieces: 0,
    });
    expect(
      await addWarehouse(database, ALPINE, { name: "chur", copyItemsFrom: null }).catch(faultsOf),
    ).toEqual({
      name: "nameTaken",
    });
    expect(await addWarehouse(database, ALPINE, { name: "Sion", copyItemsFrom: 4 }).catch(faultsOf)).toEqual({
      copyItemsFrom: "noSuchWarehouse",
    });
  });

  it("addCompany() adds a company completely or not at all", async () => {
    const content = {
      name: "Rhein",
      warehouse: "Basel",
      administrator: "Fiona",
      email: "f@rhein.example",
      password: "h",
    };
    const add = (change: object) =>
      database.transaction((queries) => addCompany(queries, { ...content, ...change })).catch(faultsOf);
    expect(await add({ email: "ada@alpine.example" })).toEqual({ email: "emailTaken" });
    expect(await database.one("SELECT 1 FROM companies WHERE name = 'Rhein'")).toBeNull();
    const id = Number(await add({}));
    expect((await listUsers(database, id)).map(({ name, role }) => [name, role])).toEqual([
      ["Fiona", "Administrator"],
    ]);
    expect(await add({ name: "rhein", email: "g@rhein.example" })).toEqual({ name: "nameTaken" });
  });

  it("createOnce() creates one entry for a form that is sent ten times at once, and another entry for changed content", async () => {
    const second = await testDatabase.open();
    const formOf = (name: string) => {
      const form = new FormData();
      form.set("submission", "7b1c");
      form.set("$ACTION_KEY", String(Math.random()));
      form.set("name", name);
      return form;
    };
    const send = (through: Database, name: string, user = "1") =>
      createOnce(through, { user, form: formOf(name), now: NOW }, (queries) =>
        addWarehouse(queries, ALPINE, { name, copyItemsFrom: null }),
      );
    const ids = await Promise.all(
      Array.from({ length: 10 }, (_, index) => send(index % 2 ? database : second, "Thun")),
    );
    expect(new Set(ids).size).toBe(1);
    expect((await listWarehouses(database, ALPINE)).filter(({ name }) => name === "Thun")).toHaveLength(1);
    expect(await send(database, "Visp")).not.toBe(ids[0]);
    // Another user's form is another submission, and the name is taken.
    expect(await send(database, "Thun", "2").catch(faultsOf)).toEqual({ name: "nameTaken" });
    // A failed submission is not remembered.
    await database.run("UPDATE warehouses SET name = 'Spiez' WHERE name = 'Thun'");
    expect(await send(database, "Thun", "2")).toBeGreaterThan(0);
    await second.close();
  });

  it("adjustItem() never takes more pieces than are in stock, even if many requests take pieces at the same time", async () => {
    const ben = await findUser(database, String(BEN));
    const [item] = await listItems(database, 1, { text: "fire blanket", low: false });
    if (!ben || !item) throw new Error("The demo is incomplete.");
    const take = () => adjustItem(database, ben, { item: item.id, change: -1, actor: "6", at: NOW });
    const results = await Promise.allSettled(Array.from({ length: item.quantity + 5 }, take));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(item.quantity);
    const [after] = await listItems(database, 1, { text: "fire blanket", low: false });
    expect(after?.quantity).toBe(0);
    const [movement] = await listMovements(database, 1);
    expect(movement).toMatchObject({
      item: "Fire blanket",
      user: "Ben Moser",
      actor: "Robin Root",
      change: -1,
      at: NOW,
    });
  });

  it("adjustItem() rejects an item that does not exist or whose warehouse the user may not enter", async () => {
    const ben = await findUser(database, String(BEN));
    const [item] = await listItems(database, 3, { text: "", low: false });
    if (!ben || !item) throw new Error("The demo is incomplete.");
    const change = (id: number, by = 1) =>
      adjustItem(database, ben, { item: id, change: by, actor: null, at: NOW }).catch((error) => error.code);
    expect(await change(item.id)).toBe("FORBIDDEN");
    expect(await change(0)).toBe("FORBIDDEN");
    expect(await change(2 ** 40)).toBe("VALIDATION_FAILED");
    expect(await change(item.id, 0.5)).toBe("VALIDATION_FAILED");
  });

  it("listItems() finds items by a part of the name or number, in which % and _ are not wildcards; stockFigures() returns the totals", async () => {
    const find = async (text: string, low = false) =>
      (await listItems(database, 1, { text, low })).map(({ name }) => name);
    expect(await find("TAPE")).toEqual(["Gaffer tape 50 mm"]);
    expect(await find("a-1007")).toEqual(["Cable tie 300 mm"]);
    expect(await find("×")).toEqual(["Carton 40 × 30 × 20", "Label roll 100 × 50"]);
    expect(await find("%")).toEqual([]);
    expect(await find("_")).toEqual([]);
    const all = await listItems(database, 1, { text: "", low: false });
    const low = all.filter(({ quantity, minimum }) => quantity < minimum);
    expect(await find("", true)).toEqual(low.map(({ name }) => name));
    expect(await readStockFigures(database, 1)).toEqual({
      items: 20,
      low: low.length,
      pieces: all.reduce((sum, { quantity }) => sum + quantity, 0),
    });
    expect(await readStockFigures(database, 99)).toEqual({ items: 0, low: 0, pieces: 0 });
  });

  it("a failed transaction is rolled back, but not a concurrent statement of another request", async () => {
    const began = Promise.withResolvers<void>();
    const outside = Promise.withResolvers<void>();
    const failed = database.transaction(async (queries) => {
      await queries.run("UPDATE companies SET name = 'Gone' WHERE id = ?", ALPINE);
      began.resolve();
      await outside.promise;
      throw new Error("no");
    });
    await began.promise;
    const other = database.run("UPDATE companies SET active = 0 WHERE id = 2");
    outside.resolve();
    await expect(failed).rejects.toThrow("no");
    expect(await other).toBe(1);
    expect(await database.all("SELECT name, active FROM companies ORDER BY id")).toEqual([
      { name: "Alpine Supplies", active: 1 },
      { name: "Harbour Trading", active: 0 },
    ]);
  });
}
