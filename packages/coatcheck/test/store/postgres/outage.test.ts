import { Pool } from "pg";
import { expect, it } from "vitest";
import { CoatcheckError } from "../../../src/session/errors.ts";
import type { SessionStore } from "../../../src/session/store.ts";
import { postgresStore } from "../../../src/store/postgres/store.ts";
import { makeRecord } from "../../../src/testing/index.ts";
import { createTemporaryDatabase, describeWithServer } from "../../servers/fixtures.ts";
import { createTemporarySchema, query } from "../../servers/postgres.ts";
import { proxyTo } from "../../servers/proxy.ts";

/** Deadline in milliseconds. It is long enough to connect on a busy machine. */
const DEADLINE = 1000;

async function catchUnavailable(call: Promise<unknown>): Promise<CoatcheckError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CoatcheckError)) throw new Error(`Expected STORE_UNAVAILABLE, got ${error}.`);
  expect(error.code).toBe("STORE_UNAVAILABLE");
  return error;
}

function createCallsOfAllMethods(store: SessionStore): (() => Promise<unknown>)[] {
  const record = makeRecord({ subject: "ada" });
  return [
    () => store.get(record.id),
    () =>
      store.put(record, { expectedVersion: 0, change: "data", sessionLimit: { max: 1, now: Date.now() } }),
    () => store.touch([{ id: record.id, lastSeenAt: Date.now() }]),
    () => store.revoke({ subject: "ada" }, "logout"),
    () => store.list({}, { limit: 1 }),
    () => store.changes(null),
  ];
}

await describeWithServer("postgresStore during failures", "postgres", (server) => {
  it("the error for a wrong URL explains what is wrong and does not contain the password", async () => {
    const faults: [change: (url: URL) => void, message: RegExp][] = [
      [(url) => Object.assign(url, { password: "wrong-guess" }), /rejected the user name or password/],
      [(url) => Object.assign(url, { pathname: "/nowhere" }), /database of the URL does not exist/],
      [(url) => Object.assign(url, { port: "1" }), /nothing listens at the host and port/],
      [
        (url) => Object.assign(url, { hostname: "nowhere.invalid" }),
        /host name of the URL does not exist|did not respond/,
      ],
    ];
    for (const [change, message] of faults) {
      const url = new URL(server);
      change(url);
      const error = await catchUnavailable(postgresStore({ connectionString: url.href }));
      expect(error.message).toMatch(message);
      expect(error.message + String(error.cause)).not.toContain(url.password);
    }
    const malformed = await catchUnavailable(postgresStore({ connectionString: "not a url" }));
    expect(malformed.message).toMatch(/URL/);
  });

  it("eight stores that start at once migrate the database once", async () => {
    const schema = await createTemporarySchema(server);
    const stores = await Promise.all(
      Array.from({ length: 8 }, () => postgresStore({ connectionString: schema.url })),
    );
    expect(await stores[7]?.stats(Date.now())).toMatchObject({ total: 0 });
    expect(await query(schema.url, "select count(*)::integer as runs from coatcheck_migration")).toEqual([
      { runs: 1 },
    ]);
    await Promise.all(stores.map((store) => store.close()));
    await schema.drop();
  });

  it("postgresStore() rejects the database of a newer Coatcheck", async () => {
    const schema = await createTemporarySchema(server);
    await (await postgresStore({ connectionString: schema.url })).close();
    await query(schema.url, "insert into coatcheck_migration values ('999-from-the-future', now()::text)");
    const error = await catchUnavailable(postgresStore({ connectionString: schema.url }));
    expect(error.message).toMatch(/newer Coatcheck has migrated the database .*999-from-the-future/);
    await schema.drop();
  });

  it("postgresStore() rejects a pool whose commits are not durable", async () => {
    const pool = new Pool({ connectionString: server, options: "-c synchronous_commit=off" });
    const error = await catchUnavailable(postgresStore({ pool }));
    expect(error.message).toMatch(/synchronous_commit/);
    await pool.end();
  });

  it("calls reject with an error that names the cause if the server is read-only or becomes read-only", async () => {
    const database = await createTemporaryDatabase(server);
    const name = new URL(database.url).pathname.slice(1);
    const store = await postgresStore({ connectionString: database.url });
    await query(server, `alter database ${name} set default_transaction_read_only = on`);
    await query(server, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
    const put = () => store.put(makeRecord(), { expectedVersion: 0, change: "data" });
    await expect
      .poll(() => catchUnavailable(put()))
      .toMatchObject({ message: expect.stringMatching(/read-only/) });
    const fresh = await catchUnavailable(postgresStore({ connectionString: database.url }));
    expect(fresh.message).toMatch(/read-only/);
    await store.close();
    await database.drop();
  });

  it("calls reject within the deadline while the server hangs, and succeed afterwards", async () => {
    const schema = await createTemporarySchema(server);
    const wire = await proxyTo(schema.url);
    const store = await postgresStore({ connectionString: wire.url, deadline: DEADLINE });
    await store.changes(null);
    wire.freeze();
    const startedAt = performance.now();
    await Promise.all(createCallsOfAllMethods(store).map((call) => catchUnavailable(call())));
    // Allow twice the deadline, because the machine may be busy. Without a deadline, the calls would never settle.
    expect(performance.now() - startedAt).toBeLessThan(2 * DEADLINE);
    wire.thaw();
    for (const call of createCallsOfAllMethods(store)) await call();
    wire.freeze();
    const closing = performance.now();
    await store.close();
    expect(performance.now() - closing).toBeLessThan(2 * DEADLINE);
    await wire.close();
    await schema.drop();
  });

  it("the store replaces a connection that does not respond", async () => {
    const schema = await createTemporarySchema(server);
    const wire = await proxyTo(schema.url);
    const store = await postgresStore({ connectionString: wire.url, deadline: DEADLINE });
    await store.changes(null);
    wire.freezeOpenConnections();
    await catchUnavailable(store.changes(null));
    await store.changes(null);
    await store.close();
    await wire.close();
    await schema.drop();
  });

  it("calls succeed again after the loss of every idle and busy connection", async () => {
    const schema = await createTemporarySchema(server);
    const wire = await proxyTo(schema.url);
    const store = await postgresStore({ connectionString: wire.url, deadline: DEADLINE });
    await Promise.all(createCallsOfAllMethods(store).map((call) => call()));
    wire.freeze();
    const busy = createCallsOfAllMethods(store).map((call) => catchUnavailable(call()));
    wire.cut();
    await Promise.all(busy);
    await Promise.all(createCallsOfAllMethods(store).map((call) => catchUnavailable(call())));
    wire.acceptAgain();
    for (const call of createCallsOfAllMethods(store)) await call();
    await store.close();
    await wire.close();
    await schema.drop();
  });
});
