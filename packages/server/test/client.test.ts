import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SessionManager } from "coatcheck";
import { createCache } from "coatcheck/cache";
import { describeClient } from "coatcheck/device";
import { memoryStore } from "coatcheck/store/memory";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildApp } from "../src/app.ts";
import { Credentials } from "../src/credentials.ts";
import { ADMIN_TOKEN, API_KEYS, Command, temporaryFolder } from "./fixtures.ts";
import { LocalService, useService } from "./local-service.ts";
import { mmdbFile } from "./mmdb-file.ts";
import { TestClient } from "./test-client.ts";

const FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
const BEHIND_A_PROXY = { TRUST_PROXY: "1", COOKIE_SECURE: "false" };

/** Creates a session from this address. Returns the `client` field that the admin's request for the session returns. */
async function clientOfNewSession(
  url: string,
  address: string,
  visitor = new TestClient(url),
  body: unknown = {},
): Promise<unknown> {
  const created = await visitor.send("POST", "/api/v1/sessions", body, {
    "user-agent": FIREFOX,
    "x-forwarded-for": address,
  });
  expect(created.status).toBe(201);
  const read = await new TestClient(url, ADMIN_TOKEN).get(`/api/v1/sessions/${created.body.data?.sessionId}`);
  return read.body.data?.client;
}

describe("with the default privacy mode", () => {
  const service = useService(BEHIND_A_PROXY);
  const firefox = {
    address: "203.0.113.0",
    userAgent: FIREFOX,
    browser: "Firefox 140",
    os: "Windows",
    device: "desktop",
    country: null,
    city: null,
  };

  test("a session stores the client with a truncated IP address", async () => {
    expect(await clientOfNewSession(service().url, "203.0.113.77")).toEqual(firefox);
    expect(await clientOfNewSession(service().url, "2001:db8:1:2::3")).toMatchObject({
      address: "2001:db8:1::",
    });
  });

  test("child sessions and bearer sessions also store the client", async () => {
    const { url } = service();
    const browser = new TestClient(url);
    await browser.create();
    expect(await clientOfNewSession(url, "203.0.113.77", browser, { name: "lunch" })).toEqual(firefox);
    expect(
      await clientOfNewSession(url, "203.0.113.77", new TestClient(url), { transport: "bearer" }),
    ).toEqual(firefox);
  });

  test("a consumer's session stores no client, because the request comes from the consumer's backend", async () => {
    const { url } = service();
    expect(await clientOfNewSession(url, "203.0.113.77", new TestClient(url, API_KEYS.slack))).toBeNull();
    const shop = new TestClient(url, API_KEYS.shop);
    const browser = new TestClient(url);
    await browser.create();
    shop.cookie = browser.cookie;
    expect(await clientOfNewSession(url, "203.0.113.77", shop)).toBeNull();
  });

  test("the list of a subject's sessions contains the device of each session", async () => {
    const { url } = service();
    const shop = new TestClient(url, API_KEYS.shop);
    const agents = [FIREFOX, IPHONE];
    let browser = new TestClient(url);
    for (const agent of agents) {
      browser = new TestClient(url);
      const { body } = await browser.send("POST", "/api/v1/sessions", {}, { "user-agent": agent });
      shop.cookie = browser.cookie;
      await shop.post(`/api/v1/sessions/${body.data?.sessionId}/authenticate`, { subject: "ada" });
      browser.cookie = shop.cookie;
    }
    const { body } = await browser.get("/api/v1/subjects/ada/sessions");
    expect(body.data?.sessions).toMatchObject([
      { client: { browser: "Safari 18", os: "iOS", device: "mobile" } },
      { client: { browser: "Firefox 140", os: "Windows", device: "desktop" } },
    ]);
  });
});

describe("the service with PRIVACY_MODE=full", () => {
  const service = useService({ ...BEHIND_A_PROXY, PRIVACY_MODE: "full" });

  test("stores the client's complete IP address", async () => {
    expect(await clientOfNewSession(service().url, "203.0.113.77")).toMatchObject({
      address: "203.0.113.77",
    });
  });
});

describe("with GEOIP_DATABASE and PRIVACY_MODE=none", () => {
  const folder = temporaryFolder();
  let service: LocalService;
  beforeAll(async () => {
    const place = { country: { iso_code: "CH" }, city: { names: { en: "Zug" } } };
    // The addresses in 32.1.0.0/16 start with the same bits as the IPv6 addresses in 2001::/16.
    writeFileSync(join(folder, "places.mmdb"), mmdbFile("0010000000000001", place));
    const variables = {
      ...BEHIND_A_PROXY,
      PRIVACY_MODE: "none",
      GEOIP_DATABASE: join(folder, "places.mmdb"),
    };
    service = await LocalService.start(folder, variables);
  });
  afterAll(async () => {
    await service.end();
    rmSync(folder, { recursive: true });
  });

  test("a session stores the location of the complete IP address, but not the address", async () => {
    expect(await clientOfNewSession(service.url, "32.1.2.3")).toMatchObject({
      address: null,
      country: "CH",
      city: "Zug",
    });
    expect(await clientOfNewSession(service.url, "203.0.113.77")).toMatchObject({
      country: null,
      city: null,
    });
  });

  test("an IPv6 address has no location if the file contains IPv4 addresses only", async () => {
    expect(await clientOfNewSession(service.url, "2001:db8::1")).toMatchObject({ country: null, city: null });
  });
});

test("`coatcheck serve` with GEOIP_DATABASE reports that the package maxmind is not installed", async () => {
  const folder = temporaryFolder();
  const without = `import { registerHooks } from "node:module";
    registerHooks({ resolve: (name, context, next) => next(name === "maxmind" ? "not-installed" : name, context) });`;
  writeFileSync(join(folder, "without.mjs"), without);
  const NODE_OPTIONS = `--import ${join(folder, "without.mjs")}`;
  const variables = { GEOIP_DATABASE: "places.mmdb", NODE_OPTIONS };
  const command = new Command(["serve", "--port", "0"], folder, variables);
  expect(await command.exitCode()).toBe(1);
  expect(command.errors).toBe(
    "coatcheck: GEOIP_DATABASE needs the package maxmind next to coatcheck-server: npm install maxmind\n",
  );
  rmSync(folder, { recursive: true });
});

test("the function `describeClient` is not called for a request with an existing session", async () => {
  const store = memoryStore();
  const cache = createCache({ store, singleProcess: true });
  const manager = new SessionManager({ store, secrets: ["a secret for these tests"], cache });
  let count = 0;
  const app = await buildApp({
    manager,
    cache,
    credentials: new Credentials(ADMIN_TOKEN, []),
    log: pino({ level: "silent" }),
    clock: { now: Date.now },
    trustProxy: false,
    secureCookie: false,
    servesMetrics: true,
    describeClient(client, userAgent) {
      count++;
      return describeClient(client, userAgent);
    },
  });
  const { record, token } = await manager.create();
  const url = `/api/v1/sessions/${record.id}`;
  const { statusCode } = await app.inject({ url, headers: { cookie: `sid=${token}` } });
  expect([statusCode, count]).toEqual([200, 0]);
  await app.inject({ url: "/api/v1/sessions", method: "POST", payload: {} });
  expect(count).toBe(1);
  await app.close();
  await manager.close();
});
