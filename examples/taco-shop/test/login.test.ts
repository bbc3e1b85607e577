import { describe, expect, test } from "vitest";
import { PasswordHasher } from "../src/accounts/password.ts";
import { type Device, listOrders, logIn, PASSWORD, requestAuth, signUp } from "./account-fixtures.ts";
import { ONE_BACKEND } from "./backend-fixtures.ts";
import { setUpShop } from "./shop-fixtures.ts";

const kind = ONE_BACKEND;
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

describe("the session endpoints of the shop", () => {
  const shop = setUpShop(kind);

  test("respond under the paths of the older API, with and without a session", async () => {
    const browser = shop.browser();
    const none = {
      success: true,
      data: expect.objectContaining({ status: "none", session: null, user: null }),
    };
    const requests: [string, string][] = [
      ["DELETE", "/api/auth/session-v2"],
      ["GET", "/api/auth/session-v2"],
      ["POST", "/api/auth/migrate-session"],
      ["POST", "/api/auth/session-v2/migrate"],
    ];
    for (const [method, path] of requests) {
      const { response, answer } = await browser.sendTo(method, path);
      expect([method, path, response.status, answer]).toEqual([method, path, 200, none]);
      expect(response.headers.get("cache-control")).toBe("private, no-store");
    }
    expect(browser.cookie).toBeNull();
    await signUp(browser, "test@example.com");
    const { response, answer } = await browser.sendTo("POST", "/api/auth/session-v2", {
      email: "test@example.com",
      password: PASSWORD,
    });
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^sid=[\w-]{50}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
    expect(answer).toMatchObject({
      success: true,
      data: { status: "authenticated", user: { email: "test@example.com" }, csrf_token: expect.any(String) },
    });
    const init = await requestAuth(shop.browser(), "POST", "/init");
    expect(init.view).toMatchObject({ status: "anonymous", csrf_token: expect.any(String) });
    const nowhere = await browser.sendTo("GET", "/api/auth/session-v2/nowhere");
    expect([nowhere.response.status, nowhere.answer]).toMatchObject([
      404,
      { error: { faults: [{ path: "url" }] } },
    ]);
    const { answer: reference } = await browser.sendTo("GET", "/openapi.json");
    const { paths } = reference as { paths: Record<string, object> };
    expect(Object.keys(paths).filter((path) => path.startsWith("/api/auth"))).toEqual([]);
  });

  test("list the account's devices, and log out another device without ending the orders of that device", async () => {
    const [laptop, phone] = [shop.browser(), shop.browser()];
    await signUp(laptop, "devices@example.com");
    const credentials = { email: "devices@example.com", password: PASSWORD };
    await laptop.sendTo("POST", "/api/auth/session-v2", credentials, { "user-agent": FIREFOX });
    await phone.sendTo("POST", "/api/auth/session-v2", credentials, { "user-agent": IPHONE });
    const order = await phone.createOrder();
    await laptop.createOrder();
    const { view: devices } = await requestAuth<readonly Device[]>(laptop, "GET", "/devices");
    expect(devices).toMatchObject([
      { current: false, browser: "Safari 18", os: "iOS", address: "127.0.0.0" },
      { current: true, browser: "Firefox 140", os: "Linux", address: "127.0.0.0" },
    ]);
    const other = devices.find(({ current }) => !current)?.id;
    expect((await requestAuth(laptop, "DELETE", `/devices/${other}`)).view).toEqual({ ended: 1 });
    expect((await requestAuth(phone, "GET")).view).toMatchObject({ status: "none", reason: "revoked" });
    expect((await listOrders(laptop)).map(([path]) => path)).toContain(order);
    const stranger = shop.browser();
    await signUp(stranger, "stranger@example.com");
    await logIn(stranger, "stranger@example.com");
    const mine = devices.find(({ current }) => current)?.id;
    expect((await requestAuth(stranger, "DELETE", `/devices/${mine}`)).status).toBe(404);
    expect((await requestAuth(shop.browser(), "GET", "/devices")).error?.code).toBe("SESSION_REQUIRED");
  });

  test("elevate a session only if the request contains the password of the logged-in account", async () => {
    const browser = shop.browser();
    await signUp(browser, "elevates@example.com");
    await signUp(browser, "other@example.com");
    await logIn(browser, "elevates@example.com");
    const order = await browser.createOrder();
    const elevate = (email: string, password: string, scope?: string) =>
      requestAuth(browser, "POST", "/elevate", { credentials: { email, password }, ...(scope && { scope }) });
    expect((await elevate("elevates@example.com", "something else")).status).toBe(403);
    expect((await elevate("other@example.com", PASSWORD)).status).toBe(403);
    expect((await elevate("elevates@example.com", PASSWORD, "payment")).status).toBe(403);
    const before = browser.cookie;
    expect((await elevate("elevates@example.com", PASSWORD)).view.status).toBe("authenticated");
    expect(browser.cookie).not.toBe(before);
    expect(await listOrders(browser)).toEqual([[order, "owner"]]);
  });
});

describe("rate limits per address", () => {
  const shop = setUpShop(kind, {}, { logins: 3, accounts: 2, inits: 2 });

  test("reject requests with 429 and Retry-After, and do not change the session", async () => {
    const browser = shop.browser();
    await signUp(browser, "limited@example.com");
    await logIn(browser, "limited@example.com");
    const { cookie } = browser;
    const wrong = { email: "limited@example.com", password: "something else" };
    expect((await requestAuth(browser, "POST", "", wrong)).status).toBe(403);
    expect((await requestAuth(browser, "POST", "/elevate", { credentials: wrong })).status).toBe(403);
    expect((await requestAuth(browser, "POST", "/init")).status).toBe(200);
    expect((await requestAuth(browser, "POST", "/init")).status).toBe(200);
    expect((await browser.post("/accounts", { ...wrong, name: "Alice" })).status).toBe(409);
    const over = await Promise.all([
      browser.sendTo("POST", "/api/auth/session-v2", { ...wrong, password: PASSWORD }),
      browser.sendTo("POST", "/api/auth/session-v2?again", { ...wrong, password: PASSWORD }),
      browser.sendTo("POST", "/api/auth/session-v2/elevate", {
        credentials: { ...wrong, password: PASSWORD },
      }),
      browser.sendTo("POST", "/api/auth/session-v2/init"),
      browser.sendTo("POST", "/api/v1/accounts", { ...wrong, name: "Alice" }),
    ]);
    for (const { response, answer } of over) {
      expect([response.status, answer]).toMatchObject([429, { error: { code: "RATE_LIMITED" } }]);
      expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(response.headers.getSetCookie()).toEqual([]);
    }
    expect(browser.cookie).toBe(cookie);
    expect((await requestAuth(browser, "GET")).view.status).toBe("authenticated");
    expect((await requestAuth(browser, "DELETE")).view.status).toBe("none");
  });
});

test("matches() rejects any password for a missing account, and takes as long as for an existing account", async () => {
  const startedAt = performance.now();
  expect(await new PasswordHasher().matches(PASSWORD, null)).toBe(false);
  // Without the dummy hash, `matches()` would take a fraction of a millisecond.
  expect(performance.now() - startedAt).toBeGreaterThan(10);
});
