import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiClient } from "./back-office-client.ts";
import {
  type BackOffice,
  button,
  eventually,
  heading,
  link,
  readStoredSessionsIn,
} from "./back-office-fixtures.ts";
import { type RunningOffice, startOffice } from "./back-office-process.ts";

interface NamedWarehouse {
  readonly xid: string;
  readonly name: string;
}

/** Returns the API's id of the user's warehouse with this name. */
async function xidOf(client: ApiClient, name: string): Promise<string> {
  const { warehouses } = (await client.send("GET /api/user")).body;
  return (warehouses as readonly NamedWarehouse[]).find((each) => each.name === name)?.xid ?? "";
}

/**
 * Defines tests of known problems of applications that store a copy of the user in each session: such an application
 * shows an outdated user, or no user. Tests five such cases, and the four problems that they cause.
 */
export function testKnownCases(office: BackOffice): void {
  let administrator: Page | undefined;

  async function createLoggedInClient(email: string): Promise<ApiClient> {
    const client = new ApiClient(office.url);
    await client.logIn(email);
    return client;
  }

  /** Changes Ben on his page, as an administrator in the first browser. */
  async function changeBen(change: (page: Page) => Promise<unknown>): Promise<void> {
    administrator ??= await office.logIn("ada");
    if (administrator.isClosed()) administrator = await office.logIn("ada");
    await administrator.goto(`${office.url}/users/2`);
    await change(administrator);
    await button(administrator, "Save").click();
    await administrator.getByText("Saved.").waitFor();
  }

  describe("Case 1, with sessions that end after a second without a request", () => {
    let folder: string;
    let quick: RunningOffice;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "coatcheck-back-office-"));
      quick = await startOffice(folder, { SESSION_IDLE_TIMEOUT_MS: "1000" });
    }, 120_000);
    afterAll(async () => {
      await quick?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    it("a request with a valid JWT gets the user and the stored warehouse although its session has expired", async () => {
      const ben = new ApiClient(quick.url);
      const token = await ben.logIn("ben@alpine.example");
      await ben.send("POST /api/warehouse", { xid: await xidOf(ben, "Bern Wankdorf") });
      const holder = new ApiClient(quick.url, token);
      // The session expires one second after a request. Wait longer than that before the next one.
      await expect
        .poll(async () => (await holder.send("POST /api/refresh")).code, { interval: 1500, timeout: 30_000 })
        .toBe("SESSION_EXPIRED");
      // `GET /api/user` is sessionless, so it does not create a session in place of the expired session.
      const before = readStoredSessionsIn(folder);
      expect((await ben.send("GET /api/user")).body.name).toBe("Ben Moser");
      expect(readStoredSessionsIn(folder)).toEqual(before);
      expect((await ben.send("GET /api/warehouse")).body.name).toBe("Bern Wankdorf");
      expect(readStoredSessionsIn(folder).sessions).toBe(Number(before.sessions) + 1);
    });
  });

  it("Case 2: the next request of each session returns the updated user", async () => {
    const ben = await createLoggedInClient("ben@alpine.example");
    const page = await office.logIn("ben");
    expect((await ben.send("GET /api/stock")).status).toBe(200);
    await changeBen((ada) => ada.getByLabel("Role").selectOption("Auditor"));
    const refused = await ben.send("POST /api/stock/1", { change: 1 });
    expect([refused.status, refused.code]).toEqual([403, "FORBIDDEN"]);
    await link(page, "Stock").click();
    await eventually(() => page.locator(".name").textContent()).toContain("Auditor");
    await changeBen((ada) => ada.getByLabel("Role").selectOption("Clerk"));
    expect((await ben.send("POST /api/stock/1", { change: 1 })).status).toBe(200);
  });

  it("Case 3: the next request returns the user's changed warehouse, and a header overrides it for one request", async () => {
    const ben = await createLoggedInClient("ben@alpine.example");
    const zurich = await xidOf(ben, "Zurich North");
    expect((await ben.send("GET /api/warehouse")).body.name).toBe("Zurich North");
    await changeBen((ada) => ada.getByLabel("Own warehouse").selectOption("Bern Wankdorf"));
    expect((await ben.send("GET /api/warehouse")).body.name).toBe("Bern Wankdorf");
    const header = { "selected-warehouse-xid": zurich };
    expect((await ben.send("GET /api/warehouse", undefined, header)).body.name).toBe("Zurich North");
    expect((await ben.send("GET /api/warehouse")).body.name).toBe("Bern Wankdorf");
    await changeBen((ada) => ada.getByLabel("Own warehouse").selectOption("Zurich North"));
  });

  it("Case 4: each of three tabs shows its own warehouse, and a logout in one tab logs out all three", async () => {
    const tabs = [await office.logIn("ben"), await office.visit("ben"), await office.visit("ben")] as const;
    const [first, second, third] = tabs;
    await first.getByRole("combobox", { name: "Warehouse" }).selectOption("Bern Wankdorf");
    await heading(first, "Bern Wankdorf").waitFor();
    await Promise.all([second.reload(), third.reload()]);
    for (const tab of [second, third]) await heading(tab, "Zurich North").waitFor();
    await button(first, "Log out").click();
    await first.waitForURL(`${office.url}/login`);
    for (const tab of [second, third]) {
      await tab.bringToFront();
      await tab.waitForURL(`${office.url}/login`);
    }
  });

  it("Case 5: the first request of a session gets the user and the warehouse on every route", async () => {
    const clients = await Promise.all(
      ["GET /api/stock", "GET /api/warehouse", "GET /api/user"].map(
        async (call) => [call, await createLoggedInClient("hana@harbour.example")] as const,
      ),
    );
    for (const [call, client] of clients) {
      const { status, body } = await client.send(call);
      expect([status, JSON.stringify(body)], call).toEqual([200, expect.stringContaining("Hamburg Pier 4")]);
    }
  });

  it("Issue 1, stale data: a user loses access to a warehouse at the next request", async () => {
    const ben = await createLoggedInClient("ben@alpine.example");
    const bern = await xidOf(ben, "Bern Wankdorf");
    expect((await ben.send("POST /api/warehouse", { xid: bern })).body.name).toBe("Bern Wankdorf");
    await changeBen((ada) => ada.getByRole("checkbox", { name: "Bern Wankdorf" }).uncheck());
    expect((await ben.send("GET /api/stock")).body.warehouse).toBe("Zurich North");
    const header = { "selected-warehouse-xid": bern };
    expect((await ben.send("GET /api/stock", undefined, header)).code).toBe("FORBIDDEN");
    await changeBen((ada) => ada.getByRole("checkbox", { name: "Bern Wankdorf" }).check());
    expect((await ben.send("GET /api/stock")).body.warehouse).toBe("Bern Wankdorf");
  });

  it("Issue 2, inconsistent access: each of twenty requests right after the login gets the user", async () => {
    const hana = await createLoggedInClient("hana@harbour.example");
    const calls = Array.from({ length: 20 }, (_, index) =>
      hana.send(["GET /api/stock", "GET /api/warehouse", "GET /api/user"][index % 3] ?? ""),
    );
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(Array(20).fill(200));
  });

  it("Issue 3, sessions on API routes: requests of visitors and refused requests create no session", async () => {
    const before = office.readStoredSessions();
    const visitor = new ApiClient(office.url);
    for (const call of ["GET /api/user", "GET /api/stock", "GET /api/warehouse", "POST /api/refresh"]) {
      const { status, headers } = await visitor.send(call);
      expect([status, headers.getSetCookie()], call).toEqual([401, []]);
    }
    const wrong = { email: "ada@alpine.example", password: "wrong" };
    expect((await visitor.send("POST /api/login", wrong)).status).toBe(403);
    expect(office.readStoredSessions()).toEqual(before);
  });

  it("Issue 4, no invalidation: one change of a user takes effect in all sessions of the user", async () => {
    const clients = await Promise.all([
      createLoggedInClient("ben@alpine.example"),
      createLoggedInClient("ben@alpine.example"),
    ]);
    const page = await office.logIn("ben");
    const warehouseOf = async (client: ApiClient) => (await client.send("GET /api/stock")).body.warehouse;
    expect(await Promise.all(clients.map(warehouseOf))).toEqual(["Zurich North", "Zurich North"]);
    await changeBen(async (ada) => {
      await ada.getByLabel("Name", { exact: true }).fill("Benjamin Moser");
      await ada.getByLabel("Own warehouse").selectOption("Bern Wankdorf");
    });
    expect(await Promise.all(clients.map(warehouseOf))).toEqual(["Bern Wankdorf", "Bern Wankdorf"]);
    await link(page, "Stock").click();
    await heading(page, "Bern Wankdorf").waitFor();
    await eventually(() => page.locator(".name").textContent()).toContain("Benjamin Moser");
    await changeBen(async (ada) => {
      await ada.getByLabel("Name", { exact: true }).fill("Ben Moser");
      await ada.getByLabel("Own warehouse").selectOption("Zurich North");
    });
  });
}
