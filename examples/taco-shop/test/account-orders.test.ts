import { openSessions } from "coatcheck-server";
import { describe, expect, test } from "vitest";
import { type Device, listOrders, logIn, requestAuth, signUp } from "./account-fixtures.ts";
import { ALICE_RECIPIENT, idempotencyKeyHeader, ONE_BACKEND, TACO_L, TACO_XL } from "./backend-fixtures.ts";
import { EventReader } from "./event-fixtures.ts";
import { log, setUpShop } from "./shop-fixtures.ts";

const kind = ONE_BACKEND;

describe("account orders", () => {
  const shop = setUpShop(kind);
  let customers = 0;

  /** Creates an account, and a browser that is logged in to the account. */
  async function customer() {
    const email = `customer-${++customers}@example.com`;
    const first = shop.browser();
    await signUp(first, email);
    await logIn(first, email);
    const another = async () => {
      const browser = shop.browser();
      await logIn(browser, email);
      return browser;
    };
    return { email, first, another };
  }

  test("every browser of an account can list, edit, share and place the account's orders", async () => {
    const { email, first, another } = await customer();
    const before = shop.browser();
    const old = await before.createOrder();
    await before.post(`${old}/cart/tacos`, TACO_XL);
    await logIn(before, email);
    const order = await first.createOrder({ metadata: { customerName: "Alice" } });
    const there = await another();
    for (const browser of [first, before, there]) {
      expect(await listOrders(browser)).toEqual([
        [order, "owner"],
        [old, "owner"],
      ]);
    }
    expect((await there.post(`${old}/cart/tacos`, TACO_L)).status).toBe(201);
    expect((await there.get(order)).status).toBe(200);
    expect((await there.post(`${old}/invitations`, { role: "view" })).status).toBe(201);
    const { body } = await there.post(`${old}/orders`, ALICE_RECIPIENT);
    expect((await before.get(`${old}/orders`)).body.data.orders).toMatchObject([
      { number: body.data.number, customer: ALICE_RECIPIENT.customer },
    ]);
    expect((await there.send("DELETE", order)).body.data).toEqual({ ended: 1 });
    expect(await listOrders(first)).toEqual([[old, "owner"]]);
  });

  test("another browser, another account and a logged-out browser get 404 for an account's order", async () => {
    const { email, first } = await customer();
    const order = await first.createOrder();
    const oldCookie = first.cookie;
    const other = (await customer()).first;
    const stranger = shop.browser();
    await stranger.createOrder();
    await requestAuth(first, "DELETE");
    expect(first.cookie).toBeNull();
    const late = shop.browser();
    late.cookie = oldCookie;
    for (const [name, browser, status] of [
      ["another account", other, 404],
      ["a stranger", stranger, 404],
      ["after the logout", first, 404],
      ["the old cookie", late, 401],
    ] as const) {
      for (const path of [order, `${order}/cart`, `${order}/history`, `${order}/events`]) {
        expect([name, path, (await browser.get(path)).status]).toEqual([name, path, status]);
      }
      expect((await listOrders(browser)).map(([path]) => path)).not.toContain(order);
    }
    await logIn(first, email);
    expect(await listOrders(first)).toEqual([[order, "owner"]]);
  });

  test("a browser's login to a second account does not move orders of the first account", async () => {
    const { first, email } = await customer();
    const order = await first.createOrder();
    const second = await customer();
    const events = await EventReader.open(`${shop.url()}/api/v1${order}/events`, first.headers());
    await logIn(first, second.email);
    expect((await events.nextMatching(({ event }) => event === "ended")).data.reason).toBe("signed-out");
    expect(await listOrders(first)).toEqual([]);
    expect((await first.get(`${order}/cart`)).status).toBe(404);
    expect((await first.get("/cart")).body.data.sessionId).toBeNull();
    await logIn(first, email);
    expect(await listOrders(first)).toEqual([[order, "owner"]]);
  });

  test("orders of an account survive the logout of the browser that created them", async () => {
    const { first, another } = await customer();
    const there = await another();
    const order = await there.createOrder();
    const { view: devices } = await requestAuth<readonly Device[]>(first, "GET", "/devices");
    const other = devices.find(({ current }) => !current)?.id ?? "";
    expect((await requestAuth(first, "DELETE", `/devices/${other}`)).view).toEqual({ ended: 1 });
    expect((await there.get(`${order}/cart`)).status).toBe(401);
    const again = await another();
    const newest = await again.createOrder();
    const own = (await requestAuth(again, "GET")).view.session?.id;
    expect((await again.send("DELETE", `/sessions/${own}`)).body.data).toEqual({ ended: 1 });
    expect(await listOrders(first)).toEqual([
      [newest, "owner"],
      [order, "owner"],
    ]);
  });

  test("revoking an anonymous browser's session also revokes its orders' sessions", async () => {
    const browser = shop.browser();
    const order = await browser.createOrder();
    const own = (await requestAuth(browser, "GET")).view.session?.id;
    expect((await browser.send("DELETE", `/sessions/${own}`)).body.data).toEqual({ ended: 2 });
    expect((await shop.admin().get(order)).body.data).toMatchObject({ state: "revoked" });
  });

  test("a browser without a default order gets the account's newest default order", async () => {
    const { email, first, another } = await customer();
    await first.post("/cart/tacos", TACO_XL);
    const there = await another();
    expect((await there.get("/cart")).body.data).toMatchObject({ itemCount: 1, role: "owner" });
    await there.post("/cart/tacos", TACO_L);
    expect((await first.get("/cart")).body.data.itemCount).toBe(2);
    const guest = shop.browser();
    await guest.post("/cart/drinks", { product: "coca_cola" });
    await logIn(guest, email);
    expect((await guest.get("/cart")).body.data).toMatchObject({ itemCount: 1, tacos: [] });
    await requestAuth(guest, "DELETE");
    expect((await guest.get("/cart")).body.data).toMatchObject({ itemCount: 0, sessionId: null });
    const [once, order] = [idempotencyKeyHeader(), { ...ALICE_RECIPIENT, cleanUp: true }];
    const placed = await there.post("/orders", order, once);
    expect(placed.status).toBe(201);
    expect(await there.post("/orders", order, once)).toMatchObject({ status: 200, body: placed.body });
    expect(await listOrders(there)).toHaveLength(1);
  });

  test("concurrent requests of an account create one default order", async () => {
    const { first } = await customer();
    const added = await Promise.all(Array.from({ length: 5 }, () => first.post("/cart/tacos", TACO_L)));
    expect(new Set(added.map(({ body }) => body.data.cart.sessionId)).size).toBe(1);
    expect(await listOrders(first)).toHaveLength(1);
  });

  test("every browser of an account lists the orders that one of them joined before or after its login", async () => {
    const host = shop.browser();
    const [early, late] = [await host.createOrder(), await host.createOrder()];
    const invite = async (order: string) =>
      (await host.post(`${order}/invitations`, { role: "edit" })).body.data.token;
    const { email, another } = await customer();
    const guest = shop.browser();
    await guest.post("/invitations/accept", { token: await invite(early), name: "Bob" });
    const events = await EventReader.open(`${shop.url()}/api/v1${early}/events`, guest.headers());
    await logIn(guest, email);
    await guest.post("/invitations/accept", { token: await invite(late), name: "Bob" });
    await host.post(`${early}/cart/tacos`, TACO_XL);
    await events.nextMatching(({ event, data }) => event === "changed" && data.entry?.what === "added");
    const there = await another();
    for (const browser of [guest, there]) {
      expect(await listOrders(browser)).toEqual([
        [late, "edit"],
        [early, "edit"],
      ]);
      expect((await browser.post(`${early}/cart/tacos`, TACO_L)).status).toBe(201);
    }
    const { participants } = (await host.get(`${early}/participants`)).body.data;
    expect(participants.map(({ name, role }) => [name, role])).toEqual([
      ["", "owner"],
      ["Bob", "edit"],
    ]);
    await requestAuth(guest, "DELETE");
    expect((await guest.get(`${early}/cart`)).status).toBe(404);
    expect(await listOrders(guest)).toEqual([]);
    expect(await listOrders(there)).toHaveLength(2);
  });

  test("the event stream of an order sends `signed-out` and ends when the browser that reads it is logged out", async () => {
    const { first, another } = await customer();
    const there = await another();
    const order = await first.createOrder();
    const open = () => EventReader.open(`${shop.url()}/api/v1${order}/events`, there.headers());
    const left = await open();
    await requestAuth(there, "DELETE");
    expect(await left.nextMatching(({ event }) => event === "ended")).toMatchObject({
      data: { reason: "signed-out" },
    });
    expect(await left.next()).toBeNull();
    const stays = await EventReader.open(`${shop.url()}/api/v1${order}/events`, first.headers());
    await first.post(`${order}/cart/tacos`, TACO_XL);
    await stays.nextMatching(({ data }) => data.entry?.what === "added");
    const again = await another();
    there.cookie = again.cookie;
    const ended = await open();
    await requestAuth(first, "DELETE", "/devices?others");
    expect((await ended.nextMatching(({ event }) => event === "ended")).data.reason).toBe("signed-out");
  });

  test("a deleted order session is removed from the account's orders", async () => {
    const { first, another } = await customer();
    const [gone, stays] = [await first.createOrder(), await first.createOrder()];
    await first.send("DELETE", gone);
    const sessions = await openSessions(shop.config, log);
    try {
      // Repeat the sweep until it deletes the session, which ended a few milliseconds ago.
      while ((await sessions.manager.sweep(0)) === 0);
    } finally {
      await sessions.close();
    }
    expect(await listOrders(await another())).toEqual([[stays, "owner"]]);
    expect(shop.accountOrders().accountOf(gone.slice("/sessions/".length))).toBeNull();
    expect(shop.accountOrders().accountOf(stays.slice("/sessions/".length))).not.toBeNull();
  });
});
