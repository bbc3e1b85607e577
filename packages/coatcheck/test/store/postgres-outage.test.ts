import { Pool } from "pg";
import { expect, it } from "vitest";
import { CoatcheckError } from "../../src/session/errors.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { postgresStore } from "../../src/store/postgres.ts";
import { makeRecord } from "../../src/testing/index.ts";
import { query, throwAwaySchema } from "../servers/postgres.ts";
import { describeWithServer, throwAwayDatabase } from "../servers/servers.ts";
import { wireTo } from "../servers/wire.ts";

/** Long enough for a busy machine to connect in. */
const DEADLINE = 1000;

async function failureOf(call: Promise<unknown>): Promise<CoatcheckError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CoatcheckError)) throw new Error(`Expected STORE_UNAVAILABLE, got ${error}.`);
  expect(error.code).toBe("STORE_UNAVAILABLE");
  return error;
}

function everyCall(store: SessionStore): (() => Promise<unknown>)[] {
  const record = makeRecord({ subject: "ada" });
  return [
    () => store.get(record.id),
    () => store.put(record, { expectedVersion: 0, change: "data", limit: { most: 1, now: Date.now() } }),
    () => store.touch([{ id: record.id, lastSeenAt: Date.now() }]),
    () => store.revoke({ subject: "ada" }, "logout"),
    () => store.list({}, { limit: 1 }),
    () => store.changes(null),
  ];
}

await describeWithServer("PostgreSQL on a bad day", "postgres", (server) => {
  it("says what is wrong with the URL, and never the password", async () => {
    const wrongs: [change: (url: URL) => void, message: RegExp][] = [
      [(url) => Object.assign(url, { password: "wrong-guess" }), /refuses the user or password/],
      [(url) => Object.assign(url, { pathname: "/nowhere" }), /no database of this name/],
      [(url) => Object.assign(url, { port: "1" }), /not running where the URL says/],
      [(url) => Object.assign(url, { hostname: "nowhere.invalid" }), /no host of the name|did not answer/],
    ];
    for (const [change, message] of wrongs) {
      const url = new URL(server);
      change(url);
      const error = await failureOf(postgresStore({ connectionString: url.href }));
      expect(error.message).toMatch(message);
      expect(error.message + String(error.cause)).not.toContain(url.password);
    }
    const nonsense = await failureOf(postgresStore({ connectionString: "not a url" }));
    expect(nonsense.message).toMatch(/URL/);
  });

  it("is migrated once by eight that start at once", async () => {
    const schema = await throwAwaySchema(server);
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

  it("refuses a database that is newer than the program", async () => {
    const schema = await throwAwaySchema(server);
    await (await postgresStore({ connectionString: schema.url })).close();
    await query(schema.url, "insert into coatcheck_migration values ('999-from-the-future', now()::text)");
    const error = await failureOf(postgresStore({ connectionString: schema.url }));
    expect(error.message).toMatch(/newer than this program.*999-from-the-future/);
    await schema.drop();
  });

  it("refuses a pool whose commits are not durable", async () => {
    const pool = new Pool({ connectionString: server, options: "-c synchronous_commit=off" });
    const error = await failureOf(postgresStore({ pool }));
    expect(error.message).toMatch(/synchronous_commit/);
    await pool.end();
  });

  it("says so when the server is read-only, or becomes it", async () => {
    const database = await throwAwayDatabase(server);
    const name = new URL(database.url).pathname.slice(1);
    const store = await postgresStore({ connectionString: database.url });
    await query(server, `alter database ${name} set default_transaction_read_only = on`);
    await query(server, `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`);
    const put = () => store.put(makeRecord(), { expectedVersion: 0, change: "data" });
    await expect.poll(() => failureOf(put())).toMatchObject({ message: expect.stringMatching(/read-only/) });
    const fresh = await failureOf(postgresStore({ connectionString: database.url }));
    expect(fresh.message).toMatch(/read-only/);
    await store.close();
    await database.drop();
  });

  it("answers within the deadline when the server hangs, and goes on when it does", async () => {
    const schema = await throwAwaySchema(server);
    const wire = await wireTo(schema.url);
    const store = await postgresStore({ connectionString: wire.url, deadline: DEADLINE });
    await store.changes(null);
    wire.freeze();
    const began = performance.now();
    await Promise.all(everyCall(store).map((call) => failureOf(call())));
    // Twice the deadline allows for a busy machine; without one the calls would hang for ever.
    expect(performance.now() - began).toBeLessThan(2 * DEADLINE);
    wire.thaw();
    for (const call of everyCall(store)) await call();
    wire.freeze();
    const closing = performance.now();
    await store.close();
    expect(performance.now() - closing).toBeLessThan(2 * DEADLINE);
    await wire.close();
    await schema.drop();
  });

  it("gives up a connection that does not answer, and makes another", async () => {
    const schema = await throwAwaySchema(server);
    const wire = await wireTo(schema.url);
    const store = await postgresStore({ connectionString: wire.url, deadline: DEADLINE });
    await store.changes(null);
    wire.strand();
    await failureOf(store.changes(null));
    await store.changes(null);
    await store.close();
    await wire.close();
    await schema.drop();
  });

  it("survives the loss of every connection, idle and busy", async () => {
    const schema = await throwAwaySchema(server);
    const wire = await wireTo(schema.url);
    const store = await postgresStore({ connectionString: wire.url, deadline: DEADLINE });
    await Promise.all(everyCall(store).map((call) => call()));
    wire.freeze();
    const busy = everyCall(store).map((call) => failureOf(call()));
    wire.cut();
    await Promise.all(busy);
    await Promise.all(everyCall(store).map((call) => failureOf(call())));
    wire.mend();
    for (const call of everyCall(store)) await call();
    await store.close();
    await wire.close();
    await schema.drop();
  });
});
