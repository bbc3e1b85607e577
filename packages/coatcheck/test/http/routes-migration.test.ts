import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { afterEach, beforeEach, expect, it } from "vitest";
import { coatcheck } from "../../src/http/express.ts";
import { sessionRoutes } from "../../src/http/routes/express.ts";
import { type LegacyReader, legacySessions, migrate, statelessSession } from "../../src/legacy/index.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { Browser } from "./routes-browser.ts";

/** Reads a legacy cookie that contains the name of the user. */
const reader: LegacyReader<string> = {
  kind: "older",
  cookies: ["old"],
  read: (cookies) => {
    const [name] = cookies.all("old");
    return name === undefined ? "absent" : statelessSession(name, name);
  },
};

const BASE = "/api/auth/session-v2";
const MIGRATE_PATH = "/api/auth/migrate-session";

let manager: SessionManager;
let url: string;
let close: () => Promise<void>;

beforeEach(async () => {
  manager = new SessionManager({ store: memoryStore(), secrets: ["the secret of these tests"] });
  const http = { csrf: { token: "required", initPath: `${BASE}/init` } } as const;
  const migration = migrate({
    manager,
    http,
    readers: [reader],
    validate: (subject) => ({ subject }),
  });
  const routes = sessionRoutes(manager, { authenticate: () => null, base: BASE, migratePath: MIGRATE_PATH });
  const app = express();
  app.use(legacySessions(migration), coatcheck(manager, http), routes);
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = async () => {
    server.close();
    server.closeAllConnections();
    await manager.close();
  };
});
afterEach(() => close());

it("the first request with a legacy cookie migrates the browser, whatever the path of the request", async () => {
  const browser = new Browser(url, "");
  browser.cookies.set("old", "ada");
  const { data } = await browser.send(`GET ${BASE}`);
  expect(data).toMatchObject({ status: "authenticated", user: { id: "ada" } });
  expect([...browser.cookies.keys()].sort()).toEqual(["__Host-sid", "csrf_token"]);
  expect((await browser.send(`POST ${MIGRATE_PATH}`)).data).toMatchObject({
    user: { id: "ada" },
    rev: data.rev,
  });
});

it("ten concurrent POSTs with a legacy cookie are rejected with CSRF_MISSING, and create one session when they are repeated", async () => {
  const browsers = Array.from({ length: 10 }, () => {
    const browser = new Browser(url, "");
    browser.cookies.set("old", "ada");
    return browser;
  });
  const post = () => Promise.all(browsers.map((browser) => browser.send(`POST ${MIGRATE_PATH}`)));
  expect(new Set((await post()).map(({ code }) => code))).toEqual(new Set(["CSRF_MISSING"]));
  // Do the same as the browser client, which reads the token from the cookie and repeats the request once.
  for (const browser of browsers) browser.csrfToken = browser.cookies.get("csrf_token") ?? null;
  const ids = new Set((await post()).map(({ data }) => data.session?.id));
  expect(ids.size).toBe(1);
  expect((await manager.list({ subject: "ada", state: "active" }, { limit: 100 })).records).toHaveLength(1);
});
