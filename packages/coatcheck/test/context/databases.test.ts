import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import { type Context, defineContext, loader } from "../../src/context/index.ts";
import { SessionManager } from "../../src/index.ts";
import { postgresHints, postgresStore } from "../../src/store/postgres/store.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import { describeWithServer } from "../servers/fixtures.ts";
import { createTemporarySchema } from "../servers/postgres.ts";

const TABLES = ["app_user", "app_role", "app_company", "app_warehouse"] as const;
type Table = (typeof TABLES)[number];

/** `npm run test:long` uses ten times as many sessions. */
const MANY_SESSIONS = process.env.LONG_TESTS ? 10_000 : 1000;

/** A row of one of the application's tables. */
interface Row {
  readonly id: string;
  readonly parent: string;
  readonly name: string;
}

type Find = (table: Table, id: string) => Promise<Row | null>;

/** Defines a context of a user with role and permissions, a company and a warehouse. */
function defineBackOfficeContext(find: Find, options: Parameters<typeof defineContext>[1]) {
  const user = loader({
    reference: ({ subject }) => subject,
    async load(id: string) {
      const row = await find("app_user", id);
      const role = row && (await find("app_role", "clerk"));
      return row && { ...row, role: { name: role?.name, permissions: role?.parent.split(",") } };
    },
  });
  const company = loader({
    from: { user },
    reference: (_session, from) => from.user?.parent,
    load: (id: string) => find("app_company", id),
  });
  const warehouse = loader({
    from: { company },
    reference: (_session, from) => from.company?.parent,
    load: (id: string) => find("app_warehouse", id),
  });
  return defineContext({ user, company, warehouse }, options);
}

const SCHEMA = TABLES.map(
  (table) => `create table ${table}_row (id text primary key, parent text not null, name text not null)`,
);
const ROWS = [
  "insert into app_user_row values ('ada', 'acme', 'Ada')",
  "insert into app_role_row values ('clerk', 'read,write', 'Clerk')",
  "insert into app_company_row values ('acme', 'north', 'Acme')",
  "insert into app_warehouse_row values ('north', '', 'North')",
];

/** Serves one request: opens the session by its token, and reads all entities of its context. */
async function serveRequest(
  sessions: SessionManager,
  context: ReturnType<typeof defineBackOfficeContext>,
  token: string,
): Promise<string> {
  const session = await sessions.resume(token);
  if (session.refusal !== null || !("id" in session)) throw new Error("The session has ended.");
  const of = context.of(session);
  const [user, company, warehouse] = await Promise.all([of.user(), of.company(), of.warehouse()]);
  return [user?.name, user?.role.permissions?.length, company?.name, warehouse?.name].join(" ");
}

/**
 * Reads the user repeatedly until the user's name is `name`, and returns how many milliseconds that took. Throws if it
 * takes longer than `bound`.
 */
async function untilUserHasName<Given extends { user(): Promise<{ name: string } | null> }>(
  read: () => Given,
  name: string,
  bound: number,
): Promise<number> {
  const since = performance.now();
  for (;;) {
    const user = await read().user();
    const waited = performance.now() - since;
    if (user?.name === name) return waited;
    if (waited > bound) throw new Error(`Still ${user?.name} after ${waited.toFixed(0)} ms.`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("a context on SQLite", () => {
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-context-"));
  const application = new DatabaseSync(join(folder, "application.db"));
  let queries = 0;

  beforeAll(() => {
    application.function("count_query", () => ++queries);
    for (const statement of [...SCHEMA, ...ROWS]) application.exec(statement);
    // SQLite calls `count_query` for each row that is read through the view.
    for (const table of TABLES) {
      application.exec(`create temp view ${table} as select * from ${table}_row where count_query()`);
    }
  });
  afterAll(() => {
    application.close();
    rmSync(folder, { recursive: true });
  });

  const find: Find = async (table, id) => {
    const row = application.prepare(`select * from ${table} where id = ?`).get(id);
    return row ? ({ ...row } as unknown as Row) : null;
  };

  function openProcess(file: string) {
    const store = sqliteStore(join(folder, file));
    const cache = createCache({ store, dataVersion: () => store.dataVersion() });
    const sessions = new SessionManager({ store, cache, secrets: ["a secret of sixteen"] });
    return { cache, sessions, context: defineBackOfficeContext(find, { cache }) };
  }

  it("runs 4 queries for the first of 100 requests, and no queries for the other 99", async () => {
    const { sessions, context } = openProcess("sessions.db");
    const { token } = await sessions.create({ subject: "ada" });
    queries = 0;
    expect(await serveRequest(sessions, context, token)).toBe("Ada 2 Acme North");
    expect(queries).toBe(4);
    for (let request = 0; request < 99; request++) await serveRequest(sessions, context, token);
    expect(queries).toBe(4);
    await sessions.close();
  });

  it("returns the new entity at the next request after another process has invalidated it", async () => {
    const [first, second] = [openProcess("shared.db"), openProcess("shared.db")];
    const { token } = await first.sessions.create({ subject: "ada" });
    expect(await serveRequest(second.sessions, second.context, token)).toContain("Ada ");
    for (const name of ["Ada L.", "Ada"]) {
      application.prepare("update app_user_row set name = ? where id = 'ada'").run(name);
      await first.context.invalidate("user", "ada");
      expect(await serveRequest(first.sessions, first.context, token)).toContain(`${name} `);
      expect(await serveRequest(second.sessions, second.context, token)).toContain(`${name} `);
    }
    await Promise.all([first.sessions.close(), second.sessions.close()]);
  });

  it(`stores at most 1 KB for each of ${MANY_SESSIONS} sessions of 100 companies, and loads each entity once`, {
    timeout: 60_000,
  }, async () => {
    const store = sqliteStore(join(folder, "many.db"));
    const cache = createCache({ store, singleProcess: true });
    const sessions = new SessionManager({ store, cache, secrets: ["a secret of sixteen"] });
    const user = loader({
      reference: ({ subject }) => subject,
      load: (id: string) => ({
        id,
        companyId: `company-${Number(id.slice(5)) % 100}`,
        permissions: PERMISSIONS,
      }),
    });
    const company = loader({
      from: { user },
      reference: (_session, from) => from.user?.companyId,
      load: (id: string) => ({ id, name: id.toUpperCase() }),
    });
    const context = defineContext({ user, company }, { cache });
    const tokens = await Promise.all(
      Array.from(
        { length: MANY_SESSIONS },
        async (_, index) => (await sessions.create({ subject: `user-${index}` })).token,
      ),
    );
    for (const token of tokens) {
      const session = await sessions.resume(token);
      if (!("id" in session)) throw new Error("The session has ended.");
      await context.of(session).company();
      await session.commit();
    }
    expect(context.metrics()).toMatchObject({ loads: MANY_SESSIONS + 100 });
    await sessions.close();
    const file = new DatabaseSync(join(folder, "many.db"));
    const { largest, permissions } = file
      .prepare(`select max(length(id) + length(owner) + length(subject) + length(body) + 12 * 8) as largest,
                sum(body like '%permission%') as permissions from session`)
      .get() as { largest: number; permissions: number };
    file.close();
    expect(permissions).toBe(0);
    expect(largest).toBeLessThanOrEqual(1024);
  });
});

const PERMISSIONS = Array.from({ length: 120 }, (_, index) => `permission_number_${index}`);

await describeWithServer("a context on PostgreSQL", "postgres", (server) => {
  let url = "";
  let drop = async () => {};
  let application: Client;

  beforeAll(async () => {
    ({ url, drop } = await createTemporarySchema(server));
    application = new Client({ connectionString: url });
    await application.connect();
    for (const statement of [...SCHEMA, ...ROWS]) await application.query(statement);
    for (const table of TABLES) await application.query(`create view ${table} as select * from ${table}_row`);
  });
  afterAll(async () => {
    await application.end();
    await drop();
  });

  const find: Find = async (table, id) => {
    const { rows } = await application.query<Row>(`select * from ${table} where id = $1`, [id]);
    return rows[0] ?? null;
  };

  /** Returns how often PostgreSQL has scanned the application's tables, according to PostgreSQL's statistics. */
  async function countScans(): Promise<number> {
    await application.query("select pg_stat_force_next_flush()");
    await application.query("select pg_stat_clear_snapshot()");
    const { rows } = await application.query<{ scans: string }>(
      `select sum(seq_scan + coalesce(idx_scan, 0)) as scans from pg_stat_user_tables
       where schemaname = current_schema() and relname like 'app\\_%'`,
    );
    return Number(rows[0]?.scans);
  }

  async function startProcess(options: Partial<Parameters<typeof createCache>[0]> = {}) {
    const store = await postgresStore({ connectionString: url });
    const hints = postgresHints({ connectionString: url });
    const cache = createCache({ store, hints, ...options });
    const sessions = new SessionManager({ store, cache, secrets: ["a secret of sixteen"] });
    return { cache, sessions, context: defineBackOfficeContext(find, { cache }) };
  }

  it("runs no queries after the first request, according to the statistics of the database", async () => {
    const { sessions, context } = await startProcess();
    const { token } = await sessions.create({ subject: "ada" });
    const before = await countScans();
    expect(await serveRequest(sessions, context, token)).toBe("Ada 2 Acme North");
    const first = await countScans();
    expect(first - before).toBe(4);
    for (let request = 0; request < 99; request++) await serveRequest(sessions, context, token);
    expect((await countScans()) - first).toBe(0);
    await sessions.close();
  });

  it("invalidates an entity within `maxStaleness` in the other process, whichever process calls invalidate()", async () => {
    const processes = [await startProcess(), await startProcess()] as const;
    const session = { subject: "ada", tenant: null, data: {} };
    const named = (context: Context<never> | ReturnType<typeof defineBackOfficeContext>, name: string) =>
      untilUserHasName(
        () => (context as ReturnType<typeof defineBackOfficeContext>).of({ ...session }),
        name,
        2000,
      );
    for (const { context } of processes) await named(context, "Ada");
    for (let round = 0; round < 20; round++) {
      const [writer, reader] = round % 2 ? processes : ([processes[1], processes[0]] as const);
      const name = `Ada ${round}`;
      await application.query("update app_user_row set name = $1 where id = 'ada'", [name]);
      await writer.context.invalidate("user", "ada");
      expect((await writer.context.of({ ...session }).user())?.name).toBe(name);
      await named(reader.context, name);
    }
    for (const { sessions } of processes) await sessions.close();
  });

  it("uses the cache even while a transaction that has written stays open", async () => {
    const { sessions, context, cache } = await startProcess({ maxStaleness: 1000 });
    const open = new Client({ connectionString: url });
    await open.connect();
    try {
      await open.query("begin; update app_role_row set name = 'Clerk' where id = 'clerk'");
      await context.invalidate("user", "ada");
      const session = { subject: "ada", tenant: null, data: {} };
      const before = context.metrics().loads;
      const { polls } = cache.metrics().log;
      while (cache.metrics().log.polls < polls + 5) {
        await context.of({ ...session }).user();
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(context.metrics().loads - before).toBe(1);
    } finally {
      await open.end();
      await sessions.close();
    }
  });
});
