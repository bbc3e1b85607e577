import { hash } from "node:crypto";
import { type RunningService, startService } from "coatcheck-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { logIn, requestAuth, signUp } from "./account-fixtures.ts";
import { ONE_BACKEND, TACO_XL } from "./backend-fixtures.ts";
import { ADMIN_TOKEN, API_KEYS, log, setUpShop, Visitor } from "./shop-fixtures.ts";

const kind = ONE_BACKEND;

/** A value with the shape of a stored order. */
const FORGED_ORDER = {
  ...{ revision: 0, pending: {}, history: [], invitations: {}, members: {} },
  placed: { key: "", order: {} },
};

describe("a service that uses the shop's database", () => {
  const shop = setUpShop(kind);
  let service: RunningService;

  beforeAll(async () => {
    service = await startService(shop.config, log);
  });
  afterAll(() => service.stop());

  /** Returns a visitor of the service with the browser's cookie. */
  function asServiceVisitor(browser: Visitor): Visitor {
    const visitor = new Visitor(() => service.url);
    visitor.cookie = browser.cookie;
    return visitor;
  }

  const ownId = async (browser: Visitor) => (await requestAuth(browser, "GET")).view.session?.id ?? "";

  test("does not let a browser read or change its orders", async () => {
    const [anonymous, customer] = [shop.browser(), shop.browser()];
    await signUp(customer, "guard@example.com");
    await logIn(customer, "guard@example.com");
    for (const browser of [anonymous, customer]) {
      const order = await browser.createOrder();
      await browser.post(`${order}/cart/tacos`, TACO_XL);
      const before = (await browser.get(`${order}/history`)).body;
      const written = { theme: "dark" };
      for (const [method, path, body] of [
        ["PATCH", `${order}/data`, written],
        ["GET", `${order}/data`],
        ["DELETE", order],
        ["POST", `${order}/rotate`, {}],
      ] as const) {
        const { status } = await asServiceVisitor(browser).send(method, path, body);
        expect([method, path, status]).toEqual([method, path, 404]);
      }
      // The built page has a GET route for every path, so the shop then responds 405 instead of 404.
      expect([404, 405]).toContain((await browser.send("PATCH", `${order}/data`, written)).status);
      expect((await browser.get(`${order}/history`)).body).toEqual(before);
    }
  });

  test("hides the reserved members $order and $upstream from API clients and the admin, and rejects writes to these members", async () => {
    const slack = shop.consumer();
    const order = await slack.createOrder();
    await slack.post(`${order}/cart/tacos`, TACO_XL);
    await slack.post(`${order}/invitations`, { role: "edit" });
    const readAll = async () => {
      const paths = ["cart", "history", "participants"].map((what) => slack.get(`${order}/${what}`));
      return (await Promise.all(paths)).map(({ body }) => body);
    };
    const before = await readAll();
    expect(before).toMatchObject([{ data: { total: 1790 } }, { data: { entries: [{}, {}] } }, {}]);
    for (const key of [API_KEYS.slack, ADMIN_TOKEN]) {
      const owner = new Visitor(() => service.url, key);
      expect((await owner.get(`${order}/data`)).body.data).toEqual({});
      for (const [patch, path] of [
        [{ $order: { history: [], revision: 0 } }, "$order"],
        [{ $order: null }, "$order"],
        [{ $upstream: "x" }, "$upstream"],
        [{ $upstream: null, theme: "dark" }, "$upstream"],
      ] as const) {
        const { status, body } = await owner.send("PATCH", `${order}/data`, patch);
        expect([status, body.error?.code]).toEqual([400, "VALIDATION_FAILED"]);
        expect(body.error?.faults).toMatchObject([{ path }]);
      }
      // An older version of the shop stored its data under these names.
      const older = { order: { ...FORGED_ORDER, history: [] }, upstream: "x" };
      expect((await owner.send("PATCH", `${order}/data`, older)).status).toBe(200);
      expect(await readAll()).toEqual(before);
      const removal = { order: null, upstream: null };
      expect((await owner.send("PATCH", `${order}/data`, removal)).body.data).toEqual({});
      expect(await readAll()).toEqual(before);
    }
  });

  test("lets a browser store a forged order in the browser's session, but the order grants no access in the shop", async () => {
    const [eve, alice] = [shop.browser(), shop.browser()];
    await eve.createOrder();
    await alice.createOrder();
    const created = (await asServiceVisitor(eve).post("/sessions")).body.data.sessionId;
    const secret = "s".repeat(22);
    const edit = { role: "edit", invitationId: "iiiiiiiiiii" };
    const order = {
      ...FORGED_ORDER,
      members: { [await ownId(alice)]: { ...edit, participantId: "p", name: "Alice", joinedAt: 0 } },
      invitations: {
        iiiiiiiiiii: { ...edit, secretHash: hash("sha256", secret), createdAt: 0, expiresAt: 9e15, uses: 0 },
      },
    };
    for (const id of [created, await ownId(eve)]) {
      const patch = async (data: unknown) =>
        (await asServiceVisitor(eve).send("PATCH", `/sessions/${id}/data`, data)).status;
      expect([await patch({ order }), await patch({ $order: order })]).toEqual([200, 400]);
      for (const browser of [eve, alice]) {
        expect((await browser.get(`/sessions/${id}/history`)).status).toBe(404);
        expect((await browser.get(`/sessions/${id}/cart`)).status).toBe(404);
      }
      const token = `${id}.iiiiiiiiiii.${secret}`;
      expect((await alice.post("/invitations/accept", { token })).status).toBe(403);
    }
  });
});
