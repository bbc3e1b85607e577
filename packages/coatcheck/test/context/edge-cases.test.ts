import { describe, expect, it } from "vitest";
import { BackOffice, ids, selecting, type User } from "./back-office.ts";

/**
 * The usual alternative to a context: each session holds a copy of its user, as the request that loaded it found it. The
 * tests of the four problems fail with it; `copies` shows the result.
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

async function userOf(office: BackOffice, token: string): Promise<User | null> {
  return await office.context.of(await office.request(token)).user();
}

/** Changes a user in the database, as an administrator's request does. */
async function change(office: BackOffice, id: string, fields: Partial<User>): Promise<void> {
  office.users.set(id, { ...(office.users.get(id) as User), ...fields });
  await office.context.invalidate("user", id);
}

describe("edge cases of a session's context", () => {
  it("Case 1: the session has expired while the login is proven otherwise: the next session has its context", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    await userOf(office, token);
    await office.sessions.revoke({ subject: "ada" }, "admin");
    const { queries } = office;
    const session = office.sessions.begin(() => ({}));
    await session.authenticate("ada");
    expect((await office.context.of(session).user())?.id).toBe("ada");
    expect(office.queries).toBe(queries);
  });

  it("Case 2: a user who is updated in the database is new at the next request", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    expect((await userOf(office, token))?.warehouses).toEqual([1, 2]);
    await change(office, "ada", { warehouses: [1] });
    expect((await userOf(office, token))?.warehouses).toEqual([1]);
  });

  it("Case 2: a change that no code reported is seen after a reset, and by every process after the time to live", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    await userOf(office, token);
    office.users.set("ada", { ...(office.users.get("ada") as User), warehouseId: 2 });
    const of = office.context.of(await office.request(token));
    expect((await of.user({ reset: true }))?.warehouseId).toBe(2);
    expect((await userOf(office, token))?.warehouseId).toBe(2);
  });

  it("Case 3: a warehouse that another user changed is new, whether kept, selected or the user's own", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    await office.context.of(await office.request(token)).select("warehouse", ids.encode(2), { keep: true });
    expect(await office.warehouseOf(token)).toBe("South");
    office.warehouses.set(2, { id: 2, companyId: 1, name: "South Dock" });
    await office.context.invalidate("warehouse", 2);
    expect(await office.warehouseOf(token)).toBe("South Dock");
    expect(await office.warehouseOf(token, selecting(2))).toBe("South Dock");
  });

  it("Case 4: of two tabs, one works in another warehouse by its header; a kept selection moves both; a logout ends both", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    const [first, second] = await Promise.all([
      office.warehouseOf(token, selecting(2)),
      office.warehouseOf(token),
    ]);
    expect([first, second]).toEqual(["South", "North"]);
    await office.context.of(await office.request(token)).select("warehouse", ids.encode(2), { keep: true });
    expect(await office.warehouseOf(token)).toBe("South");
    await (await office.request(token)).revoke();
    await expect(office.request(token)).rejects.toThrow("revoked");
  });

  it("Case 5: there is no direct access that can be null while a user is logged in", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    const session = await office.request(token);
    expect(Object.keys(session.data)).toEqual([]);
    expect((await office.context.of(session).user())?.id).toBe("ada");
    expect((await office.context.of(session).warehouse())?.name).toBe("North");
  });
});

describe("a user who changes while logged in", () => {
  it("is null after being deleted or disabled, at once and in every session", async () => {
    for (const end of ["delete", "disable"] as const) {
      const office = new BackOffice();
      const tokens = [await office.logIn("ada"), await office.logIn("ada")];
      for (const token of tokens) await office.warehouseOf(token);
      if (end === "delete") office.users.delete("ada");
      else office.users.set("ada", { ...(office.users.get("ada") as User), isDisabled: true });
      await office.context.invalidate("user", "ada");
      for (const token of tokens) {
        const of = office.context.of(await office.request(token));
        expect([await of.user(), await of.company(), await of.warehouse()]).toEqual([null, null, null]);
        await expect(office.warehouseOf(token, selecting(1))).rejects.toMatchObject({ code: "FORBIDDEN" });
      }
    }
  });

  it("has the new company at once after a move, and may not enter the old one's warehouses", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    await office.context.of(await office.request(token)).select("warehouse", ids.encode(2), { keep: true });
    await change(office, "ada", { companyId: 2, warehouseId: 3, warehouses: [3] });
    const of = office.context.of(await office.request(token));
    expect((await of.company())?.name).toBe("Other");
    expect((await of.warehouse())?.name).toBe("East");
    await expect(office.warehouseOf(token, selecting(2))).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect(await office.warehouseOf(token, selecting(3))).toBe("East");
  });

  it("does not see the company of the move in a list of warehouses that was not updated", async () => {
    const office = new BackOffice();
    const token = await office.logIn("ada");
    await change(office, "ada", { companyId: 2, warehouseId: 3 });
    await expect(office.warehouseOf(token, selecting(2))).rejects.toMatchObject({ code: "FORBIDDEN" });
  });
});

describe("the four problems of copies in sessions", () => {
  it("Issue 1, stale data: a change of the role is seen by a session that was logged in before", async () => {
    const office = new BackOffice();
    const copies = new CopiesInSessions(office);
    const token = await office.logIn("ada");
    copies.user(token, "ada");
    await userOf(office, token);
    await change(office, "ada", { warehouses: [] });
    expect((await userOf(office, token))?.warehouses).toEqual([]);
    expect(copies.user(token, "ada")?.warehouses).toEqual([1, 2]);
  });

  it("Issue 2, inconsistent access: the first access of a session finds the user, wherever it is", async () => {
    const office = new BackOffice();
    const copies = new CopiesInSessions(office);
    const token = await office.logIn("ada");
    const [purchase, picking] = await Promise.all([userOf(office, token), userOf(office, token)]);
    expect(purchase).toMatchObject({ id: "ada" });
    expect(picking).toBe(purchase);
    expect(copies.sessions.get(token)?.user).toBeUndefined();
  });

  it("Issue 3, sessions on API routes: reading the context of a visitor or a user stores nothing", async () => {
    const office = new BackOffice();
    const session = office.sessions.begin(() => ({}));
    const of = office.context.of(session);
    expect([await of.user(), await of.company(), await of.theme()]).toEqual([null, null, "light"]);
    expect(session.isNew).toBe(true);
    expect((await office.sessions.stats()).total).toBe(0);
    const token = await office.logIn("ada");
    const stored = await office.request(token);
    await office.context.of(stored).warehouse();
    expect((await stored.commit()).state).toBe("touched");
    expect((await office.sessions.find(stored.id))?.version).toBe(1);
  });

  it("Issue 4, no invalidation: one call reaches all sessions of the user, on this node and others", async () => {
    const office = new BackOffice();
    const copies = new CopiesInSessions(office);
    const tokens = await Promise.all(Array.from({ length: 20 }, () => office.logIn("ada")));
    for (const token of tokens) {
      copies.user(token, "ada");
      await userOf(office, token);
    }
    const { queries } = office;
    await change(office, "ada", { warehouses: [1] });
    for (const token of tokens) expect((await userOf(office, token))?.warehouses).toEqual([1]);
    expect(office.queries - queries).toBe(1);
    expect(tokens.filter((token) => copies.user(token, "ada")?.warehouses.length === 2)).toHaveLength(20);
  });
});
