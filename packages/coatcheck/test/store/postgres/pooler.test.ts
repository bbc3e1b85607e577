import { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { describeWithProgram } from "../../../../../scripts/test-programs/describe.ts";
import type { Hint } from "../../../src/session/hint.ts";
import type { SessionRecord } from "../../../src/session/record.ts";
import {
  type PostgresPool,
  postgresHints,
  postgresStore,
  type ServerNotice,
} from "../../../src/store/postgres/store.ts";
import { makeRecord, storeContract } from "../../../src/testing/index.ts";
import { createTemporaryDatabase, describeWithServer } from "../../servers/fixtures.ts";
import { startPgBouncer } from "../../servers/pgbouncer.ts";
import { query } from "../../servers/postgres.ts";
import type { RunningServer } from "../../servers/start.ts";

const HINT: Hint = { kind: "revoked", scope: { subject: "ada" } };

await describeWithServer("postgresStore and postgresHints", "private-postgres", (server) => {
  describeWithProgram("behind PgBouncer in transaction mode", "pgbouncer", () => {
    let database: Awaited<ReturnType<typeof createTemporaryDatabase>>;
    let pooler: RunningServer;
    const notices: ServerNotice[] = [];
    const open = () =>
      postgresStore({ connectionString: pooler.url, onNotice: (notice) => notices.push(notice) });

    beforeAll(async () => {
      database = await createTemporaryDatabase(server);
      pooler = await startPgBouncer(database.url);
    });
    afterAll(async () => {
      await pooler.stop();
      await database.drop();
    });

    it("eight stores open at once, and one of them migrates the database", async () => {
      const stores = await Promise.all(Array.from({ length: 8 }, open));
      for (const store of stores)
        expect(await store.put(makeRecord(), { expectedVersion: 0, change: "data" })).toBe("stored");
      expect(await query(database.url, "select count(*)::integer as runs from coatcheck_migration")).toEqual([
        { runs: 1 },
      ]);
      expect(notices).toHaveLength(8);
      expect(notices[0]).toMatchObject({
        kind: "limited",
        message: expect.stringMatching(/through a pooler/),
      });
      await Promise.all(stores.map((store) => store.close()));
    });

    storeContract(
      { describe, it },
      {
        name: "PostgreSQL, two pools behind PgBouncer",
        open: async () => {
          const [store, other] = await Promise.all([open(), open()]);
          const tables = "coatcheck_session, coatcheck_log, coatcheck_mass_revocation";
          return {
            store,
            other,
            cleanUp: async () => void (await query(database.url, `truncate ${tables}`)),
          };
        },
      },
    );

    it("the store works with an application's pool whose settings do not show that there is a pooler", async () => {
      const pool = new Pool({ connectionString: pooler.url });
      const hiding: PostgresPool = {
        connect: async () => Object.defineProperty(await pool.connect(), "processID", { value: null }),
        on: (event, listener) => pool.on(event, listener),
        end: () => pool.end(),
      };
      const [store, other] = [await postgresStore({ pool: hiding }), await postgresStore({ pool: hiding })];
      const records = Array.from({ length: 20 }, () => makeRecord());
      const put = (record: SessionRecord, index: number) =>
        (index % 2 ? store : other).put(record, { expectedVersion: 0, change: "data" });
      expect(new Set(await Promise.all(records.map(put)))).toEqual(new Set(["stored"]));
      for (const { id } of records) expect((await store.get(id))?.record.id).toBe(id);
      await Promise.all([store.close(), other.close()]);
      await pool.end();
    });

    it("the error explains that the pooler does not accept the options of the URL", async () => {
      const url = new URL(pooler.url);
      url.searchParams.set("options", "-c search_path=shop");
      await expect(postgresStore({ connectionString: url.href })).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        message: expect.stringMatching(/remove options from the URL/),
      });
    });

    it("postgresHints() reports that it cannot receive hints, and still sends them", async () => {
      const received = Promise.withResolvers<Hint>();
      const direct = postgresHints({ connectionString: database.url });
      await direct.subscribe(received.resolve);
      const limited: ServerNotice[] = [];
      const pooled = postgresHints({
        connectionString: pooler.url,
        onNotice: (notice) => limited.push(notice),
      });
      onTestFinished(async () => {
        await direct.close();
        await pooled.close();
      });
      await pooled.subscribe(() => {});
      expect(limited).toMatchObject([
        { kind: "limited", message: expect.stringMatching(/transaction mode/) },
      ]);
      await pooled.publish(HINT);
      expect(await received.promise).toEqual(HINT);
    });
  });

  describeWithProgram("behind PgBouncer in session mode", "pgbouncer", () => {
    it("postgresHints() sends and receives hints", async () => {
      const pooler = await startPgBouncer(server, { pool_mode: "session", default_pool_size: 5 });
      const received = Promise.withResolvers<Hint>();
      const limited: ServerNotice[] = [];
      const hints = postgresHints({
        connectionString: pooler.url,
        onNotice: (notice) => limited.push(notice),
      });
      onTestFinished(async () => {
        await hints.close();
        await pooler.stop();
      });
      await hints.subscribe(received.resolve);
      await hints.publish(HINT);
      expect(await received.promise).toEqual(HINT);
      expect(limited).toEqual([]);
    });
  });
});
