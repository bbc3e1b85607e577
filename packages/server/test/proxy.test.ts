import { afterEach, describe, expect, test } from "vitest";
import type { AppOptions } from "../src/app.ts";
import { buildObservedApp, type ObservedApp } from "./observed-app.ts";

let observed: ObservedApp;
afterEach(() => observed.close());

async function create(headers: Record<string, string>) {
  const response = await observed.app.inject({ method: "POST", url: "/api/v1/sessions", headers });
  return {
    status: response.statusCode,
    cookie: String(response.headers["set-cookie"]).replace(/[\w-]{50}/, "…"),
    hsts: response.headers["strict-transport-security"],
  };
}

const PLAIN_COOKIE = "sid=…; Max-Age=2592000; Path=/; HttpOnly; SameSite=Lax";
const SECURE_COOKIE = "__Host-sid=…; Max-Age=2592000; Path=/; HttpOnly; Secure; SameSite=Lax";

describe("on a loopback address, without TRUST_PROXY", () => {
  test.each([
    "localhost",
    "localhost:3000",
    "LOCALHOST:3000",
    "shop.localhost",
    "127.0.0.1:80",
    "[::1]:3000",
  ])("a response for the host %s sets a cookie without Secure, and no HSTS header", async (host) => {
    observed = await buildObservedApp();
    expect(await create({ host })).toEqual({ status: 201, cookie: PLAIN_COOKIE, hsts: undefined });
  });

  test.each([
    "shop.example",
    "shop.example:8080",
    "localhost.example",
    "192.168.1.5",
    "127.0.0.1.example",
    "[::2]",
  ])("a response for the host %s sets a Secure cookie and an HSTS header", async (host) => {
    observed = await buildObservedApp();
    const { cookie, hsts } = await create({ host });
    expect(cookie).toBe(SECURE_COOKIE);
    expect(hsts).toMatch(/^max-age=\d+/);
  });

  test.each<Record<string, string>>([
    { "x-forwarded-proto": "https" },
    { forwarded: "for=192.0.2.1;proto=https" },
  ])("the cookie is Secure if a proxy rewrote the host, with %j", async (forwarding) => {
    observed = await buildObservedApp();
    expect((await create({ host: "127.0.0.1:3000", ...forwarding })).cookie).toBe(SECURE_COOKIE);
  });

  test("a cookie that was set without Secure for localhost is ignored in a request for another host", async () => {
    observed = await buildObservedApp();
    const { app } = observed;
    const { headers, json } = await app.inject({
      method: "POST",
      url: "/api/v1/sessions",
      headers: { host: "localhost" },
    });
    const [cookie = ""] = String(headers["set-cookie"]).split(";");
    const url = `/api/v1/sessions/${json().data.sessionId}`;
    expect((await app.inject({ url, headers: { host: "localhost", cookie } })).statusCode).toBe(200);
    expect((await app.inject({ url, headers: { host: "shop.example", cookie } })).statusCode).toBe(404);
  });
});

test.each<[AppOptions["secureCookie"], string, string]>([
  [false, "shop.example", PLAIN_COOKIE],
  [true, "localhost", SECURE_COOKIE],
])("secureCookie %j determines the cookie for the host %s", async (secureCookie, host, cookie) => {
  observed = await buildObservedApp({ secureCookie });
  expect((await create({ host })).cookie).toBe(cookie);
});

describe("the warning about a proxy", () => {
  const warnings = () => observed.logged.filter(({ level }) => level >= 40);

  test.each(["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded"])(
    "is logged once for requests with %s, and names the variable TRUST_PROXY",
    async (header) => {
      observed = await buildObservedApp();
      await create({ host: "localhost" });
      expect(warnings()).toEqual([]);
      await create({ [header]: "for=192.0.2.1" });
      await create({ [header]: "for=192.0.2.1" });
      expect(warnings()).toMatchObject([{ level: 40, header }]);
      expect(warnings()[0]?.msg).toContain("Set TRUST_PROXY to the number of proxies, such as 1");
    },
  );

  test.each<[AppOptions["trustProxy"]]>([[false], [1], [["10.0.0.0/8"]]])(
    "is not logged if trustProxy is %j",
    async (trustProxy) => {
      observed = await buildObservedApp({ trustProxy });
      await create({ "x-forwarded-for": "192.0.2.1" });
      expect(warnings()).toEqual([]);
    },
  );
});
