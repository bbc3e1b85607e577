import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { createTemporaryDatabase, describeWithServer } from "../../coatcheck/test/servers/fixtures.ts";
import { query } from "../../coatcheck/test/servers/postgres.ts";
import { API_KEYS, RunningService, temporaryFolder } from "./fixtures.ts";
import { TestClient } from "./test-client.ts";

await describeWithServer("the service on PostgreSQL", "postgres", (url) => {
  test("the service stores visits in the same database as the sessions", async () => {
    const database = await createTemporaryDatabase(url);
    const folder = temporaryFolder();
    const variables = { DATABASE_URL: database.url, SESSION_SECRETS: "a-secret-that-all-nodes-share" };
    const node = await new RunningService(folder, variables).waitUntilStarted();
    try {
      const backend = new TestClient(node.url, API_KEYS.shop);
      const { body } = await backend.post("/api/v1/sessions", { transport: "bearer" });
      await backend.post(`/api/v1/sessions/${body.data?.sessionId}/events`, {
        page: { id: randomUUID(), url: "https://shop.example/" },
        client: { userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" },
        events: [{ type: "page_view" }],
      });
      expect(await node.end()).toBe(0);
      const rows = await query(database.url, "select entry_page, page_views::int from coatcheck_visit");
      expect(rows).toEqual([{ entry_page: "/", page_views: 1 }]);
    } finally {
      await node.end();
      await database.drop();
      rmSync(folder, { recursive: true });
    }
  });
});
