import { describe, expect, it } from "vitest";
import { BackOffice, createRequestSelecting, type User, warehouseIds } from "./back-office.ts";

/**
 * The usual alternative to a context: the first request of a session loads the user and stores a copy in the session.
 * The tests show that these copies become outdated.
 */
class CopiesInSessions {
  readonly sessions = new Map<string, { user?: User | undefined }>();
  readonly #office: BackOffice;

  constructor(office: BackOffice) {
    this.#office = office;
  }

  user(token: string, subject: string): User | undefined {
    const session = this.sessions.get(token) ?? {};
    session.user ??= this.#office.users.get(subject);
    this.sessions.set(token, session);
    return session.user;
  }
}

async function readUser(office: BackOffice, token: string): Promise<User | null> {
  return await office.context.of(await office.openSession(token)).user();
}

/** Changes a user in the database, as an administrator's request does. */
async function updateUser(office: BackOffice, id: string, fields: Partial<User>): Promise<void> {
  office.users.set(id, { ...(office.users.get(id) as User), ...fields });
  await office.context.invalidate("user", id);
}

describe("the context of a session", () => {
  it("Case 1, expired session: the next session of the same user has its entities without a query", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    await readUser(office, token);
    await office.sessions.revoke({ subject: "ada" }, "admin");
    const { queries } = office;
    const session = office.sessions.begin(() => ({}));
    await session.authenticate("ada");
    expect((await office.context.of(session).user())?.id).toBe("ada");
    expect(office.queries).toBe(queries);
  });

  it("Case 2, updated user: the next request returns the updated user", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    expect((await readUser(office, token))?.warehouses).toEqual([1, 2]);
    await updateUser(office, "ada", { warehouses: [1] });
    expect((await readUser(office, token))?.warehouses).toEqual([1]);
  });

  it("Case 2, user updated without invalidate(): a read with the option `reset` returns the updated user", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    await readUser(office, token);
    office.users.set("ada", { ...(office.users.get("ada") as User), warehouseId: 2 });
    const of = office.context.of(await office.openSession(token));
    expect((await of.user({ reset: true }))?.warehouseId).toBe(2);
    expect((await readUser(office, token))?.warehouseId).toBe(2);
  });

  it("Case 3, warehouse updated by another user: the next request returns the updated warehouse, whether the session or a header selects it", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    await office.context
      .of(await office.openSession(token))
      .select("warehouse", warehouseIds.encode(2), { keep: true });
    expect(await office.readWarehouseName(token)).toBe("South");
    office.warehouses.set(2, { id: 2, companyId: 1, name: "South Dock" });
    await office.context.invalidate("warehouse", 2);
    expect(await office.readWarehouseName(token)).toBe("South Dock");
    expect(await office.readWarehouseName(token, createRequestSelecting(2))).toBe("South Dock");
  });

  it("Case 4, two tabs: a header selects a warehouse for one tab; a stored selection and a logout apply to both tabs", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    const [first, second] = await Promise.all([
      office.readWarehouseName(token, createRequestSelecting(2)),
      office.readWarehouseName(token),
    ]);
    expect([first, second]).toEqual(["South", "North"]);
    await office.context
      .of(await office.openSession(token))
      .select("warehouse", warehouseIds.encode(2), { keep: true });
    expect(await office.readWarehouseName(token)).toBe("South");
    await (await office.openSession(token)).revoke();
    await expect(office.openSession(token)).rejects.toThrow("revoked");
  });

  it("Case 5, null while logged in: the user is never null, because it is not a copy in the session", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    const session = await office.openSession(token);
    expect(Object.keys(session.data)).toEqual([]);
    expect((await office.context.of(session).user())?.id).toBe("ada");
    expect((await office.context.of(session).warehouse())?.name).toBe("North");
  });
});

describe("the context of a user whose account changes while logged in", () => {
  it("returns null in every session as soon as the user is deleted or disabled", async () => {
    for (const end of ["delete", "disable"] as const) {
      const office = new BackOffice();
      const tokens = [await office.logIn("ada"), await office.logIn("ada")];
      for (const token of tokens) await office.readWarehouseName(token);
      if (end === "delete") office.users.delete("ada");
      else office.users.set("ada", { ...(office.users.get("ada") as User), isDisabled: true });
      await office.context.invalidate("user", "ada");
      for (const token of tokens) {
        const of = office.context.of(await office.openSession(token));
        expect([await of.user(), await of.company(), await of.warehouse()]).toEqual([null, null, null]);
        await expect(office.readWarehouseName(token, createRequestSelecting(1))).rejects.toMatchObject({
          code: "FORBIDDEN",
        });
      }
    }
  });

  it("returns the new company at the next request after the user has moved, and denies warehouses of the former company", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    await office.context
      .of(await office.openSession(token))
      .select("warehouse", warehouseIds.encode(2), { keep: true });
    await updateUser(office, "ada", { companyId: 2, warehouseId: 3, warehouses: [3] });
    const of = office.context.of(await office.openSession(token));
    expect((await of.company())?.name).toBe("Other");
    expect((await of.warehouse())?.name).toBe("East");
    await expect(office.readWarehouseName(token, createRequestSelecting(2))).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
    expect(await office.readWarehouseName(token, createRequestSelecting(3))).toBe("East");
  });

  it("denies warehouses of the former company even if the user's list of warehouses was not updated", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    await updateUser(office, "ada", { companyId: 2, warehouseId: 3 });
    await expect(office.readWarehouseName(token, createRequestSelecting(2))).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
  });
});

describe("a context, unlike copies of the user in each session,", () => {
  it("prevents stale data (issue 1): a session that is already logged in gets the user's new permissions", async () => {
    const office = new BackOffice();
    const copies = new CopiesInSessions(office);
    const token = await office.logIn("ada");
    copies.user(token, "ada");
    await readUser(office, token);
    await updateUser(office, "ada", { warehouses: [] });
    expect((await readUser(office, token))?.warehouses).toEqual([]);
    expect(copies.user(token, "ada")?.warehouses).toEqual([1, 2]);
  });

  it("prevents inconsistent access (issue 2): every part of the application gets the same user, even in a session's first request", async () => {
    const office = new BackOffice();
    const copies = new CopiesInSessions(office);
    const token = await office.logIn("ada");
    const [purchase, picking] = await Promise.all([readUser(office, token), readUser(office, token)]);
    expect(purchase).toMatchObject({ id: "ada" });
    expect(picking).toBe(purchase);
    expect(copies.sessions.get(token)?.user).toBeUndefined();
  });

  it("creates no sessions on API routes (issue 3): a read of the context writes nothing to the store", async () => {
    const office = new BackOffice();
    const session = office.sessions.begin(() => ({}));
    const of = office.context.of(session);
    expect([await of.user(), await of.company(), await of.theme()]).toEqual([null, null, "light"]);
    expect(session.isNew).toBe(true);
    expect((await office.sessions.stats()).total).toBe(0);
    const token = await office.logIn("ada");
    const stored = await office.openSession(token);
    await office.context.of(stored).warehouse();
    expect((await stored.commit()).state).toBe("touched");
    expect((await office.sessions.find(stored.id))?.version).toBe(1);
  });

  it("needs one call of invalidate() to update all sessions of the user (issue 4)", async () => {
    const office = new BackOffice();
    const copies = new CopiesInSessions(office);
    const tokens = await Promise.all(Array.from({ length: 20 }, () => office.logIn("ada")));
    for (const token of tokens) {
      copies.user(token, "ada");
      await readUser(office, token);
    }
    const { queries } = office;
    await updateUser(office, "ada", { warehouses: [1] });
    for (const token of tokens) expect((await readUser(office, token))?.warehouses).toEqual([1]);
    expect(office.queries - queries).toBe(1);
    expect(tokens.filter((token) => copies.user(token, "ada")?.warehouses.length === 2)).toHaveLength(20);
  });
});
