import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { createTemporaryDatabase, describeWithServer } from "../packages/coatcheck/test/servers/fixtures.ts";
import { describeWithProgram } from "../scripts/test-programs/describe.ts";
import { ApiClient } from "./back-office-client.ts";
import { button, eventually, heading, link, TEST_TIMEOUT } from "./back-office-fixtures.ts";
import { type RunningOffice, startOffice } from "./back-office-process.ts";
import { openBrowser } from "./chromium.ts";

const SECRETS = {
  SESSION_SECRETS: "a secret that both nodes have",
  ADMIN_TOKEN: "an-admin-token-of-the-tests",
};

await describeWithServer("the back office on PostgreSQL", "postgres", (server) => {
  describeWithProgram("two nodes, in Chromium", "chromium", () => {
    vi.setConfig({ testTimeout: TEST_TIMEOUT });
    let folder: string;
    let database: Awaited<ReturnType<typeof createTemporaryDatabase>>;
    let nodes: readonly RunningOffice[] = [];
    let browsers: readonly Awaited<ReturnType<typeof openBrowser>>[] = [];

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "coatcheck-back-office-"));
      database = await createTemporaryDatabase(server);
      const variables = { ...SECRETS, DATABASE_URL: database.url };
      // The first process builds the application, unless an earlier test has built it.
      const first = await startOffice(folder, variables);
      nodes = [first];
      nodes = [first, await startOffice(folder, variables)];
      browsers = await Promise.all([
        openBrowser({ program: "chromium" }),
        openBrowser({ program: "chromium" }),
      ]);
      for (const { context } of browsers) context.setDefaultTimeout(20_000);
    }, 300_000);
    afterAll(async () => {
      vi.resetConfig();
      await Promise.all([...browsers.map((each) => each.close()), ...nodes.map((each) => each.stop())]);
      await database?.drop();
      await rm(folder, { recursive: true, force: true });
    });

    /** Logs in at a node. Each node has a separate browser. */
    async function logIn(node: 0 | 1, email: string): Promise<Page> {
      // An earlier test may have left a login in this browser.
      await browsers[node]?.context.clearCookies();
      const page = await browsers[node]?.context.newPage();
      if (!page) throw new Error("The browser is not open.");
      await page.goto(`${nodes[node]?.url}/login`);
      await page.getByLabel("Email address").fill(email);
      await page.getByLabel("Password").fill("password123");
      await button(page, "Log in").click();
      await button(page, "Log out").waitFor();
      return page;
    }

    it("a change or deactivation of a user on one node takes effect at the user's next click on the other node", async () => {
      const [ada, ben] = [await logIn(0, "ada@alpine.example"), await logIn(1, "ben@alpine.example")];
      const api = new ApiClient(nodes[1]?.url ?? "");
      await api.logIn("ben@alpine.example");
      await heading(ben, "Zurich North").waitFor();
      await ada.goto(`${nodes[0]?.url}/users/2`);
      await ada.getByLabel("Name", { exact: true }).fill("Benjamin Moser");
      await ada.getByLabel("Role").selectOption("Auditor");
      await button(ada, "Save").click();
      await ada.getByText("Saved.").waitFor();
      // The second node may not have received the hint of the first node yet.
      await eventually(async () => {
        await link(ben, "Stock").click();
        return await ben.locator(".name").textContent();
      }).toBe("Benjamin MoserAuditor");
      expect((await api.send("POST /api/stock/1", { change: 1 })).code).toBe("FORBIDDEN");
      await ada.getByLabel("Active").uncheck();
      await button(ada, "Save").click();
      await ben.bringToFront();
      await ben.waitForURL(`${nodes[1]?.url}/login`);
      await eventually(async () => (await api.send("GET /api/user")).code).toBe("SESSION_REVOKED");
    });

    it("a user adds a warehouse on one node and opens it on the other", async () => {
      const ada = await logIn(0, "ada@alpine.example");
      await ada.goto(`${nodes[0]?.url}/warehouses`);
      await ada.getByLabel("Name", { exact: true }).fill("Chur");
      await ada.getByLabel("With the items of").selectOption("Lugano");
      await button(ada, "Add").dblclick();
      await ada.getByText("Chur has been added.").waitFor();
      expect(await ada.locator("tbody tr", { hasText: "Chur" }).textContent()).toBe("Chur1200");
      const other = await logIn(1, "ada@alpine.example");
      await eventually(async () => {
        await other.reload();
        return await other.getByRole("combobox", { name: "Warehouse" }).textContent();
      }).toContain("Chur");
      await other.getByRole("combobox", { name: "Warehouse" }).selectOption("Chur");
      await heading(other, "Chur").waitFor();
      await button(other, "Add one: Fire blanket").click();
      await eventually(() => other.locator(".movements li").first().textContent()).toContain("Fire blanket");
    });
  });
});
