import { expect, it } from "vitest";
import { postgresStore } from "../../../src/store/postgres/store.ts";
import { makeRecord } from "../../../src/testing/index.ts";
import { describeWithServer } from "../../servers/fixtures.ts";
import { query, startStandby } from "../../servers/postgres.ts";

/** Waits until the standby has replayed all writes of the primary. */
async function untilReplayed(primary: string, standby: string): Promise<void> {
  const [row] = await query(primary, "select pg_current_wal_lsn()::text as written");
  await expect
    .poll(() => query(standby, `select pg_last_wal_replay_lsn() >= '${row?.written}' as replayed`))
    .toEqual([{ replayed: true }]);
}

await describeWithServer("postgresStore with a standby", "local-postgres", (primary) => {
  it("a standby is rejected, and a failover invalidates all cached copies", async () => {
    const store = await postgresStore({ connectionString: primary });
    const record = makeRecord();
    await store.put(record, { expectedVersion: 0, change: "data" });
    const { cursor } = await store.changes(null);
    const before = await store.get(record.id);
    const standby = await startStandby(primary);
    await store.revoke({ session: record.id }, "logout");
    await untilReplayed(primary, standby.url);

    await expect(postgresStore({ connectionString: standby.url })).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(/replica/),
    });

    await query(standby.url, "select pg_promote()");
    const promoted = await postgresStore({ connectionString: standby.url });
    expect((await promoted.get(record.id))?.record.state).toBe("revoked");
    const { items, cursor: next } = await promoted.changes(cursor);
    expect(items[0]).toMatchObject({ scope: { everyone: true } });
    expect(items[0]?.position).toBeGreaterThan(before?.position ?? Number.NaN);
    expect(items).toContainEqual(expect.objectContaining({ session: record.id, minVersion: 2 }));
    expect(next).toBeGreaterThan(items[0]?.position ?? Number.NaN);
    expect((await promoted.changes(next)).items).toEqual([]);

    await promoted.close();
    await store.close();
    await standby.stop();
  });
});
