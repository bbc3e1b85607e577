/** Tests how many rows PostgreSQL reads for a query, with and without statistics. */
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { SessionFilter, SessionStore } from "../../../src/session/store.ts";
import { postgresStore } from "../../../src/store/postgres/store.ts";
import { describeWithServer } from "../../servers/fixtures.ts";
import { createTemporarySchema, query } from "../../servers/postgres.ts";

const NOW = 1_700_000_000_000;
const MINUTE = 60_000;

/**
 * Inserts 10,000 sessions of 50 tenants and 1,000 subjects. All sessions of tenant-7 have expired. One in ten of the
 * oldest sessions is revoked.
 */
const FILL_TABLE = `
  insert into coatcheck_session (id, owner, type, state, version, subject, tenant, created_at, last_seen_at, expires_at,
    idle_timeout, ends_at, body, epoch)
  select gen_random_uuid(), 'browser', 'authenticated', case when n < 1000 and n % 10 = 0 then 'revoked' else 'active' end,
    1, 'user-' || n % 1000, 'tenant-' || n % 50, ${NOW} - 10000 + n, ${NOW}, ${NOW} + ${MINUTE}, ${MINUTE},
    case when n % 50 = 7 then ${NOW} - 1000 * ${MINUTE} else ${NOW} + ${MINUTE} end, '{}', 1
  from generate_series(1, 10000) n`;

interface PlanNode {
  readonly "Node Type": string;
  readonly "Index Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly PlanNode[];
}

function flattenPlan(plan: PlanNode): PlanNode[] {
  return [plan, ...(plan.Plans ?? []).flatMap(flattenPlan)];
}

/** Counts the rows and index entries that the scans of a plan read. */
function countReadRows(nodes: readonly PlanNode[]): number {
  return nodes
    .filter((node) => node["Node Type"].endsWith("Scan"))
    .map((node) => (node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0)) * node["Actual Loops"])
    .reduce((sum, rows) => sum + rows, 0);
}

await describeWithServer("the query plans of postgresStore", "private-postgres", (server) => {
  let url = "";
  let drop = async () => {};
  let store: SessionStore;

  beforeAll(async () => {
    ({ url, drop } = await createTemporarySchema(server));
    store = await postgresStore({ connectionString: url });
    await query(url, "alter table coatcheck_session set (autovacuum_enabled = false)");
    await query(url, FILL_TABLE);
    await store.revoke({ tenant: "tenant-3" }, "admin");
  });
  afterAll(async () => {
    await store.close();
    await drop();
  });

  /**
   * Calls `call`. Then runs `explain analyze` on the last statement that it has sent, and returns the nodes of the
   * plan. The changes of the explained statement are rolled back.
   */
  async function explainLastStatement(call: () => Promise<unknown>): Promise<PlanNode[]> {
    const run = vi.spyOn(Client.prototype, "query");
    await call();
    const [sent] = run.mock.lastCall ?? [];
    run.mockRestore();
    const { text, values } = sent as unknown as { text: string; values: unknown[] };
    const client = new Client(url);
    await client.connect();
    await client.query("begin");
    const { rows } = await client.query(`explain (analyze, format json) ${text}`, values);
    await client.query("rollback");
    await client.end();
    return flattenPlan(rows[0]["QUERY PLAN"][0].Plan);
  }

  async function expectToReadOneSubject(): Promise<void> {
    const nodes = await explainLastStatement(() => store.revoke({ subject: "user-nobody" }, "logout"));
    expect(nodes.map((node) => node["Index Name"])).not.toContain("coatcheck_session_epoch_idx");
    expect(countReadRows(nodes)).toBeLessThan(50);
  }

  it(
    "without the planner's statistics, revoke() of a subject reads only that subject's sessions",
    expectToReadOneSubject,
  );

  it("stats() of many sessions returns the last count at once, even while a new count waits for a lock", async () => {
    const counted = await store.stats(NOW);
    expect(counted.total).toBe(10_000);
    const client = new Client(url);
    client.on("error", () => {});
    await client.connect();
    // If stats() waited for the lock, this timeout would release it.
    await client.query("set idle_in_transaction_session_timeout = 1000");
    await client.query("begin");
    await client.query("lock table coatcheck_session in access exclusive mode");
    const again = await store.stats(NOW + 1);
    await client.end();
    expect(again).toEqual(counted);
  });

  describe("with the planner's statistics", () => {
    beforeAll(async () => {
      await query(url, "analyze");
    });

    it("revoke() of a subject reads only that subject's sessions", expectToReadOneSubject);

    for (const filter of [
      {},
      { tenant: "tenant-7", liveAt: NOW },
      { tenant: "tenant-8", liveAt: NOW },
      { state: "active" },
      { state: "revoked" },
      { state: "revoked", tenant: "tenant-3" },
    ] satisfies SessionFilter[]) {
      it(`list() reads little more than one page for ${JSON.stringify(filter)}`, async () => {
        const nodes = await explainLastStatement(() => store.list(filter, { limit: 10 }));
        expect(countReadRows(nodes)).toBeLessThan(100);
      });
    }
  });
});
