import { Client, Pool } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LogItem, SessionStore } from "../../../src/session/store.ts";
import { ADVISORY_LOCKS } from "../../../src/store/postgres/schema.ts";
import { postgresStore } from "../../../src/store/postgres/store.ts";
import { makeRecord, nextVersion, storeContract } from "../../../src/testing/index.ts";
import { describeWithServer } from "../../servers/fixtures.ts";
import { createTemporarySchema, query } from "../../servers/postgres.ts";

const WAITING_FOR_LOCK = `where locktype = 'advisory' and classid = ${ADVISORY_LOCKS.mass} and not granted`;

function countSessions(items: readonly LogItem[]): string[] {
  return items.flatMap((item) => ("session" in item ? item.session : []));
}

await describeWithServer("postgresStore", "private-postgres", (server) => {
  let url = "";
  let drop = async () => {};

  beforeAll(async () => {
    const schema = await createTemporarySchema(server);
    ({ url, drop } = schema);
    await (await postgresStore({ connectionString: url })).close();
  });
  afterAll(() => drop());

  const empty = () => query(url, "truncate coatcheck_session, coatcheck_log, coatcheck_mass_revocation");

  storeContract(
    { describe, it },
    {
      name: "PostgreSQL, two pools on one database",
      open: async () => {
        const [store, other] = await Promise.all([
          postgresStore({ connectionString: url }),
          postgresStore({ connectionString: url }),
        ]);
        return { store, other, cleanUp: async () => void (await empty()) };
      },
    },
  );

  describe("beyond the SessionStore contract", () => {
    let store: SessionStore;
    /** Another connection. The tests keep its transactions open while the store works. */
    let client: Client;

    beforeAll(async () => {
      store = await postgresStore({ connectionString: url });
      client = new Client(url);
      await client.connect();
    });
    afterAll(async () => {
      await client.end();
      await store.close();
    });

    it("changes() does not miss a revocation that begins first but commits last", async () => {
      const [slow, quick] = [makeRecord(), makeRecord()];
      for (const record of [slow, quick]) await store.put(record, { expectedVersion: 0, change: "data" });
      const { cursor: start } = await store.changes(null);
      await client.query("begin");
      await client.query("insert into coatcheck_log (session, min_version, logged_at) values ($1, 2, 0)", [
        slow.id,
      ]);
      await store.revoke({ session: quick.id }, "logout");
      const first = await store.changes(start);
      expect(countSessions(first.items)).toEqual([quick.id]);
      await client.query("commit");
      const second = await store.changes(first.cursor);
      expect(countSessions(second.items)).toContain(slow.id);
    });

    it("get() returns a position that is not above the log item of a revocation in flight", async () => {
      const record = makeRecord({ tenant: "acme" });
      await store.put(record, { expectedVersion: 0, change: "data" });
      await client.query("begin");
      const { rows } = await client.query<{ epoch: string }>(
        `insert into coatcheck_mass_revocation (epoch, tenant, reason, revoked_at)
         values (nextval('coatcheck_epoch'), 'acme', 'admin', 0) returning epoch`,
      );
      await client.query("insert into coatcheck_log (scope, logged_at) values ($1, 0)", [
        '{"tenant":"acme"}',
      ]);
      const { cursor } = await store.changes(null);
      const before = await store.get(record.id);
      await client.query("commit");
      const after = await store.get(record.id);
      expect([before?.record.state, after?.record.state]).toEqual(["active", "revoked"]);
      const [item] = (await store.changes(cursor)).items;
      expect(item && before && before.position <= item.position).toBe(true);
      expect(item && after && after.position > item.position).toBe(true);
      await query(url, `delete from coatcheck_mass_revocation where epoch = ${rows[0]?.epoch}`);
    });

    it("put() waits for a tenant's revocation that is in flight, and then returns a conflict", async () => {
      const record = makeRecord({ tenant: "umbrella" });
      await store.put(record, { expectedVersion: 0, change: "data" });
      await client.query("begin");
      await client.query("select pg_advisory_xact_lock($1, 0)", [ADVISORY_LOCKS.mass]);
      const late = store.put(nextVersion(record), { expectedVersion: 1, change: "data" });
      await expect
        .poll(() => query(url, `select count(*)::integer as waiting from pg_locks ${WAITING_FOR_LOCK}`))
        .toEqual([{ waiting: 1 }]);
      await client.query(
        `insert into coatcheck_mass_revocation (epoch, tenant, reason, revoked_at)
         values (nextval('coatcheck_epoch'), 'umbrella', 'admin', 0)`,
      );
      await client.query("commit");
      expect(await late).toBe("conflict");
      expect((await store.get(record.id))?.record).toMatchObject({ state: "revoked", version: 2 });
    });

    it("has no index on the columns that touch() changes", async () => {
      const { rows } = await client.query<{ columns: string }>(
        `select string_agg(pg_get_indexdef(indexrelid), ' ') as columns from pg_index
         where indrelid = 'coatcheck_session'::regclass`,
      );
      expect(rows[0]?.columns).not.toMatch(/last_seen_at|ends_at/);
      expect(rows[0]?.columns).toMatch(/ends_hour/);
    });

    it("changes() invalidates all copies if the cursor is from another timeline or beyond the end of the log", async () => {
      const record = makeRecord();
      await store.put(record, { expectedVersion: 0, change: "data" });
      await store.revoke({ session: record.id }, "logout");
      const { cursor } = await store.changes(null);
      const timeline = 2 ** 43;
      for (const foreign of [cursor - timeline, cursor + timeline, cursor + 1_000_000]) {
        const { items, cursor: next } = await store.changes(foreign);
        const [everyone] = items;
        expect(everyone).toMatchObject({ scope: { everyone: true } });
        expect(everyone?.position).toBeGreaterThanOrEqual(foreign);
        expect(countSessions(items)).toContain(record.id);
        expect(next).toBeGreaterThanOrEqual(cursor);
        expect(next).toBeLessThan(cursor + 1_000_000);
      }
    });

    it("finds no session for a string that PostgreSQL cannot store", async () => {
      expect((await store.list({ subject: "a\0" }, { limit: 1 })).records).toEqual([]);
      expect(await store.revoke({ subject: "a\0" }, "admin")).toBe(0);
      expect(await store.revoke({ tenant: "\0" }, "admin")).toBe(0);
    });

    it("uses a pool of the application, and does not end the pool", async () => {
      const pool = new Pool({ connectionString: url });
      const own = await postgresStore({ pool });
      const record = makeRecord();
      expect(await own.put(record, { expectedVersion: 0, change: "data" })).toBe("stored");
      await own.close();
      expect((await pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
      await pool.end();
    });
  });
});
