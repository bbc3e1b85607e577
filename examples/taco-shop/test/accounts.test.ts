import { describe, expect, test } from "vitest";
import { listOrders, logIn, PASSWORD, requestAuth, SESSION_PATH, signUp } from "./account-fixtures.ts";
import { ONE_BACKEND, TACO_XL } from "./backend-fixtures.ts";
import { setUpShop } from "./shop-fixtures.ts";

const kind = ONE_BACKEND;

describe("accounts", () => {
  const shop = setUpShop(kind);

  test("POST /accounts creates one account per e-mail address and does not log in", async () => {
    const browser = shop.browser();
    const body = { email: " Alice@Example.COM ", password: PASSWORD, name: "Alice", language: "de" };
    const created = await browser.post("/accounts", body);
    expect(created).toMatchObject({
      status: 201,
      body: { data: { name: "Alice", email: "alice@example.com", language: "de" } },
    });
    expect(Object.keys(created.body.data).sort()).toEqual(["email", "id", "language", "name"]);
    expect(browser.cookie).toBeNull();
    const again = await browser.post("/accounts", { ...body, email: "alice@example.com" });
    expect(again).toMatchObject({
      status: 409,
      body: { error: { code: "CONFLICT", faults: [{ path: "email" }] } },
    });
    const twins = await Promise.all(
      ["twin@example.com", "TWIN@example.com"].map((email) => browser.post("/accounts", { ...body, email })),
    );
    expect(twins.map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  test("a login keeps the browser's orders and replaces the browser's token", async () => {
    const browser = shop.browser();
    const order = await browser.createOrder();
    await browser.post(`${order}/cart/tacos`, TACO_XL);
    await browser.post("/cart/tacos", TACO_XL);
    const before = browser.cookie;
    await signUp(browser, "keeps@example.com");
    const view = await logIn(browser, "keeps@example.com");
    expect(view).toMatchObject({
      status: "authenticated",
      user: { name: "Alice", email: "keeps@example.com", language: null },
    });
    expect(browser.cookie).not.toBe(before);
    expect((await browser.get(`${order}/cart`)).body.data).toMatchObject({ itemCount: 1, role: "owner" });
    expect((await browser.get("/cart")).body.data.itemCount).toBe(1);
    expect(await listOrders(browser)).toHaveLength(2);
    expect((await requestAuth(browser, "GET")).view).toMatchObject({
      status: "authenticated",
      user: view.user,
    });
  });

  test("a login with a wrong password and a login with an unknown e-mail address get the same response", async () => {
    const browser = shop.browser();
    await signUp(browser, "wrong@example.com");
    const answers = await Promise.all(
      [
        { email: "wrong@example.com", password: "something else" },
        { email: "nobody@example.com", password: PASSWORD },
        { credentials: { email: "wrong@example.com", password: 7 } },
        { email: "wrong@example.com", password: "x".repeat(5000) },
      ].map((body) => requestAuth(browser, "POST", "", body)),
    );
    for (const { status, error } of answers) {
      expect([status, error]).toEqual([403, { code: "FORBIDDEN", message: "Invalid credentials." }]);
    }
    expect((await requestAuth(browser, "GET")).view.status).toBe("none");
  });

  test("PATCH /accounts/me requires a login and changes the caller's account", async () => {
    const browser = shop.browser();
    const anonymous = await browser.send("PATCH", "/accounts/me", { name: "Mallory" });
    expect(anonymous).toMatchObject({ status: 401, body: { error: { code: "SESSION_REQUIRED" } } });
    const consumer = await shop.consumer().send("PATCH", "/accounts/me", { name: "Mallory" });
    expect(consumer.status).toBe(401);
    await signUp(browser, "changes@example.com");
    await logIn(browser, "changes@example.com");
    const changed = await browser.send("PATCH", "/accounts/me", { name: " Alicia ", language: "fr" });
    expect(changed).toMatchObject({
      status: 200,
      body: { data: { name: "Alicia", language: "fr", email: "changes@example.com" } },
    });
    expect((await requestAuth(browser, "GET")).view.user).toEqual(changed.body.data);
    const back = await browser.send("PATCH", "/accounts/me", { language: null });
    expect(back.body.data).toMatchObject({ name: "Alicia", language: null });
  });

  test("invalid input is rejected with the path of each fault", async () => {
    const good = { email: "good@example.com", password: PASSWORD, name: "Alice" };
    const browser = shop.browser();
    const requests: [string, string, unknown, string[]][] = [
      ["POST", "/accounts", { ...good, email: "alice" }, ["email"]],
      ["POST", "/accounts", { ...good, email: `${"a".repeat(250)}@example.com` }, ["email"]],
      ["POST", "/accounts", { ...good, password: "seven77" }, ["password"]],
      ["POST", "/accounts", { ...good, password: "x".repeat(129) }, ["password"]],
      ["POST", "/accounts", { ...good, name: "  " }, ["name"]],
      ["POST", "/accounts", { ...good, name: "x".repeat(81) }, ["name"]],
      ["POST", "/accounts", { ...good, language: "it" }, ["language"]],
      ["POST", "/accounts", { ...good, id: "1" }, ["id"]],
      ["POST", "/accounts", {}, ["email", "password", "name"]],
      ["POST", "/accounts", [], [""]],
      ["PATCH", "/accounts/me", { name: "" }, ["name"]],
      ["PATCH", "/accounts/me", { email: "new@example.com" }, ["email"]],
      ["PATCH", "/accounts/me", { language: "" }, ["language"]],
    ];
    for (const [method, path, body, paths] of requests) {
      const { status, body: answer } = await browser.send(method, path, body);
      const { code, faults } = answer.error ?? {};
      expect([method, path, body, status, code, faults?.map((fault) => fault.path)]).toEqual([
        method,
        path,
        body,
        400,
        "VALIDATION_FAILED",
        paths,
      ]);
    }
    for (const body of [{}, { email: 1, password: 2 }, { credentials: "x" }, [], "{"]) {
      const { status, error } = await requestAuth(browser, "POST", "", body);
      expect([body, status, error?.code]).toEqual([body, 400, "VALIDATION_FAILED"]);
    }
    const elsewhere = await browser.sendTo("POST", SESSION_PATH, good, { "sec-fetch-site": "cross-site" });
    expect(elsewhere.response.status).toBe(403);
  });
});
