/// <reference path="../../coatcheck/test/http/express4.d.ts" />
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { SessionStore } from "coatcheck";
import { memoryStore } from "coatcheck/store/memory";
import { postgresStore } from "coatcheck/store/postgres";
import { connectRedis, redisStore } from "coatcheck/store/redis";
import { sqliteStore } from "coatcheck/store/sqlite";
import type { AdapterSuiteData, Routes, StartAdapter } from "coatcheck/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  startExpress5,
  startFastify,
  startHono,
  startNode,
} from "../../coatcheck/test/http/adapter-fixtures.ts";
import {
  createTemporaryDatabase,
  createTemporaryPrefix,
  describeWithServer,
} from "../../coatcheck/test/servers/fixtures.ts";
import { query } from "../../coatcheck/test/servers/postgres.ts";
import { temporaryFolder } from "./fixtures.ts";
import { CookieJar, clock, headersOf, managerOf, startSite } from "./golden/site.ts";
import { formatJson, Mask, Transcript } from "./golden/transcript.ts";

/*
 * Compares what the library sends to browsers and writes to databases with stored files. A difference is a breaking
 * change or a mistake: see `golden.test.ts`.
 */

const MINUTE = 60_000;

beforeAll(() => {
  // Do not fake the timers, because sockets and database clients need real timers.
  vi.useFakeTimers({ toFake: ["Date"] });
});

afterAll(() => {
  vi.useRealTimers();
});

beforeEach(() => {
  vi.setSystemTime(Date.UTC(2026, 0, 1));
});

describe("session routes", () => {
  const login = { email: "ada", password: "secret" };

  test("respond as in the golden file for every endpoint", async () => {
    const { record, transcript } = startSite();
    await record("no session", "GET /session");
    await record("a new anonymous session", "POST /session/init");
    await record("the current session", "GET /session");
    await record("the CSRF token", "GET /session/csrf");
    await record("a login", "POST /session", login);
    await record("the current login", "GET /session?touch");
    await record("the devices", "GET /session/devices");
    await record("an elevation", "POST /session/elevate", { credentials: login, scope: "account" });
    await record("a migration without an older cookie", "POST /session/migrate");
    await record("the event stream", "GET /session/events");
    await record("the end of other devices", "DELETE /session/devices?others");
    await record("a logout", "DELETE /session");
    await record("no session after the logout", "GET /session");
    await expect(String(transcript)).toMatchFileSnapshot("golden/session-routes.http");
  });

  test("respond as in the golden file for every error", async () => {
    const { record, transcript } = startSite();
    await record("devices without a login", "GET /session/devices");
    await record("wrong credentials", "POST /session", { email: "ada", password: "wrong" });
    await record("a login without credentials", "POST /session", {});
    await record("a login", "POST /session", login);
    await record("a missing CSRF token", "DELETE /session", undefined, { "x-csrf-token": "" });
    await record("an invalid CSRF token", "DELETE /session", undefined, { "x-csrf-token": "invalid" });
    await record("devices without a choice", "DELETE /session/devices");
    await record("an unknown device", "DELETE /session/devices/550e8400-e29b-41d4-a716-446655440000");
    vi.setSystemTime(Date.now() + 20 * MINUTE);
    await record("a login that is not recent", "DELETE /session/devices?others");
    await expect(String(transcript)).toMatchFileSnapshot("golden/session-routes-errors.http");
  });
});

const ROUTES: Routes = {
  "/create": {
    async handle({ session, reply }) {
      await (await session.load()).patch({ cart: { tacos: 2 } });
      return reply(200, {}, "created");
    },
  },
  "/login": {
    async handle({ session, reply }) {
      await (await session.load()).authenticate("ada");
      return reply(200, {}, "logged in");
    },
  },
  "/remember": {
    async handle({ session, reply }) {
      await (await session.load()).authenticate("ada", { rememberMe: true });
      return reply(200, {}, "logged in");
    },
  },
  "/read": {
    async handle({ session, reply }) {
      return reply(200, {}, (await session.load()).subject ?? "anonymous");
    },
  },
  "/logout": {
    async handle({ session, reply }) {
      await (await session.load()).revoke();
      return reply(200, {}, "logged out");
    },
  },
  "/guarded": { guard: "subject", handle: ({ reply }) => reply(200, {}, "guarded") },
};

describe("adapters", () => {
  const adapters = { express: startExpress5, fastify: startFastify, hono: startHono, node: startNode };

  test.each(Object.entries<StartAdapter>(adapters))(
    "%s sends the same headers as in the golden file",
    async (name, start) => {
      const manager = managerOf<AdapterSuiteData>(memoryStore({ clock }));
      const server = await start(manager, { csrf: { token: "offered" } }, ROUTES);
      const transcript = new Transcript();
      const jar = new CookieJar();
      for (const line of [
        "GET /read",
        "GET /create",
        "GET /login",
        "GET /remember",
        "GET /read",
        "GET /logout",
        "GET /guarded",
      ]) {
        const headers = jar.header === "" ? {} : { cookie: jar.header };
        const response = await fetch(server.url + line.slice("GET ".length), { headers });
        jar.keep(response);
        const received = {
          status: response.status,
          headers: headersOf(response),
          body: await response.text(),
        };
        transcript.add(line, line, { headers }, received);
      }
      await server.close();
      await manager.close();
      await expect(String(transcript)).toMatchFileSnapshot(`golden/adapter-${name}.http`);
    },
  );
});

/** Stores one session with a value in every field, and one ended session. */
async function storeSessions(store: SessionStore): Promise<void> {
  const manager = managerOf(store);
  const { record: outer } = await manager.create({ subject: "ada", tenant: "geneva" });
  vi.setSystemTime(Date.now() + MINUTE);
  const { record } = await manager.create({
    owner: "consumer:slack",
    tenant: "geneva",
    visitorId: "visitor-1",
    parentId: outer.id,
    name: "lunch",
    metadata: { orderType: "delivery" },
    client: {
      address: "192.0.2.0",
      userAgent: "Firefox",
      browser: "Firefox 140",
      os: "Linux",
      device: "desktop",
      country: "CH",
      city: "Geneva",
    },
  });
  await manager.patch(record.id, { cart: { tacos: 2 } });
  await manager.authenticate(record.id, "ada", { rememberMe: true });
  await manager.elevate(record.id, "pay", 10 * MINUTE);
  await manager.revoke({ session: outer.id }, "admin");
  await manager.close();
}

describe("stored rows", () => {
  test("SQLite has the same tables and rows as the golden file", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "sessions.db");
    await storeSessions(sqliteStore({ path, clock }));
    const database = new DatabaseSync(path, { readOnly: true });
    const tables = database
      .prepare("select name, sql from sqlite_schema where sql is not null order by name")
      .all()
      .map(({ name, sql }) => `${name}\n${sql}`);
    const rows = ["session", "log"].flatMap((table) =>
      database
        .prepare(`select * from ${table} order by rowid`)
        .all()
        .map((row) => `${table}\n${rowText(row)}`),
    );
    database.close();
    rmSync(folder, { recursive: true });
    const text = new Mask().apply([...tables, ...rows].join("\n\n"));
    await expect(`${text}\n`).toMatchFileSnapshot("golden/stored-sqlite.txt");
  });
});

await describeWithServer("stored rows", "postgres", (url) => {
  test("PostgreSQL has the same columns and indexes as the golden file", async () => {
    const database = await createTemporaryDatabase(url);
    await storeSessions(await postgresStore({ connectionString: database.url, clock }));
    const columns = await query(
      database.url,
      `select table_name || '.' || column_name || ' ' || data_type ||
         case is_nullable when 'NO' then ' not null' else '' end as line
       from information_schema.columns where table_schema = 'public' order by table_name, ordinal_position`,
    );
    const indexes = await query(
      database.url,
      "select indexdef as line from pg_indexes where schemaname = 'public' order by indexname",
    );
    await database.drop();
    const text = [...columns, ...indexes].map(({ line }) => line).join("\n");
    await expect(`${text}\n`).toMatchFileSnapshot("golden/stored-postgres.txt");
  });
});

await describeWithServer("stored rows", "redis", (url) => {
  test("Redis has the same keys and fields as the golden file", async () => {
    const prefix = createTemporaryPrefix();
    await storeSessions(redisStore(await connectRedis(url), { prefix, clock }));
    const transport = await connectRedis(url);
    const keys = (await transport.exec(["KEYS", `{${prefix}}:*`])) as string[];
    const lines = [];
    for (const key of keys) {
      const type = String(await transport.exec(["TYPE", key]));
      const fields = type === "hash" ? ((await transport.exec(["HGETALL", key])) as Fields) : {};
      const name = key.replace(prefix, "<prefix>").replace(UUID, "<id>");
      lines.push(`${name} ${type}${fieldNames(fields)}`);
    }
    await transport.close();
    await expect(`${lines.sort().join("\n")}\n`).toMatchFileSnapshot("golden/stored-redis.txt");
  });
});

type Fields = Readonly<Record<string, string>>;

/** Returns the field names of a Redis hash. For a field with a JSON object, appends the names of its members. */
function fieldNames(fields: Fields): string {
  const names = Object.entries(fields).map(([name, value]) =>
    value.startsWith("{") ? `${name} { ${Object.keys(JSON.parse(value)).join(", ")} }` : name,
  );
  return names
    .sort()
    .map((name) => `\n  ${name}`)
    .join("");
}

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Formats a row with one column per line, and JSON values with one member per line. */
function rowText(row: Readonly<Record<string, unknown>>): string {
  return Object.entries(row)
    .map(([name, value]) => `  ${name}: ${name === "body" ? formatJson(String(value)) : value}`)
    .join("\n");
}
