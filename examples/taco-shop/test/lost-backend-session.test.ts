import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readConfig } from "coatcheck-server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWithProgram } from "../../../scripts/test-programs/describe.ts";
import { type Backend, startBackend } from "../backend/start.ts";
import { createTemporaryFolder, TACO_XL } from "./backend-fixtures.ts";
import { openNode } from "./node-fixtures.ts";
import { Visitor } from "./shop-fixtures.ts";

describeWithProgram("the taco shop when its backend forgets a session", "php", () => {
  const folder = createTemporaryFolder();
  let backend: Backend;
  let node: Awaited<ReturnType<typeof openNode>>;
  const browser = new Visitor(() => node.url);

  beforeAll(async () => {
    backend = await startBackend({ port: 0, dataDir: folder.path, kind: "php" });
    const config = readConfig({ DATABASE_URL: `sqlite:${join(folder.path, "sessions.db")}` });
    node = await openNode(config, backend.url);
  });
  afterAll(async () => {
    await node.close();
    await backend.stop();
    folder.remove();
  });

  /** Deletes the backend's sessions, as PHP's garbage collection does. */
  const deleteBackendSessions = () => {
    const sessions = join(folder.path, "sessions");
    for (const file of readdirSync(sessions)) rmSync(join(sessions, file));
  };

  test.each(["GET", "POST"])(
    "a %s request gets UPSTREAM_SESSION_LOST if the backend has deleted the session, and the history contains the loss",
    async (method) => {
      const order = await browser.createOrder();
      await browser.post(`${order}/cart/tacos`, TACO_XL);
      const before = await browser.get(`${order}/cart`);
      deleteBackendSessions();
      const lost = await (method === "GET"
        ? browser.get(`${order}/cart`)
        : browser.post(`${order}/cart/tacos`, TACO_XL));
      expect([lost.status, lost.body.error?.code]).toEqual([409, "UPSTREAM_SESSION_LOST"]);
      const after = await browser.get(`${order}/cart`);
      expect([before.body.data.itemCount, after.body.data.itemCount]).toEqual([1, 0]);
      expect(after.body.data.revision).toBeGreaterThan(before.body.data.revision);
      const { entries } = (await browser.get(`${order}/history`)).body.data;
      const shown = entries.map(
        ({ who, what, outcome }: { who: { name: string } } & Record<string, unknown>) => [
          who.name,
          what,
          outcome,
        ],
      );
      const refused = method === "POST" ? [["", "added", "refused"]] : [];
      expect(shown).toEqual([["", "added", "done"], ["Le Vestiaire à Tacos", "emptied", "done"], ...refused]);
    },
  );
});
