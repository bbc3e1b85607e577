import { hash } from "node:crypto";
import { type RunningService, startService } from "coatcheck-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { auth, logIn, signUp } from "./account-holder.ts";
import { KINDS, XL } from "./backend-visitor.ts";
import { log, useShop, Visitor } from "./shop-visitor.ts";

const kind = KINDS[0] ?? "typescript";

describe("the way past the shop, through the service on the same database,", () => {
  const shop = useShop(kind);
  let service: RunningService;

  beforeAll(async () => {
    service = await startService(shop.config, log);
  });
  afterAll(() => service.stop());

  /** The same browser, at the service. */
  function past(browser: Visitor): Visitor {
    const visitor = new Visitor(() => service.url);
    visitor.cookie = browser.cookie;
    return visitor;
  }

  const ownId = async (browser: Visitor) => (await auth(browser, "GET")).view.session?.id ?? "";

  test("leads to no order: nobody rewrites its history, or what the backend knows it by", async () => {
    const [anonymous, customer] = [shop.browser(), shop.browser()];
    await signUp(customer, "guard@example.com");
    await logIn(customer, "guard@example.com");
    for (const browser of [anonymous, customer]) {
      const order = await browser.begin();
      await browser.post(`${order}/cart/tacos`, XL);
      const before = (await browser.get(`${order}/history`)).body;
      const forged = { order: { history: [] }, upstream: "x" };
      for (const [method, path, body] of [
        ["PATCH", `${order}/data`, forged],
        ["GET", `${order}/data`],
        ["DELETE", order],
        ["POST", `${order}/rotate`, {}],
      ] as const) {
        const { status } = await past(browser).send(method, path, body);
        expect([method, path, status]).toEqual([method, path, 404]);
      }
      expect(await browser.send("PATCH", `${order}/data`, forged)).toMatchObject({
        status: 404,
        body: { error: { code: "VALIDATION_FAILED", faults: [{ path: "url" }] } },
      });
      expect((await browser.get(`${order}/history`)).body).toEqual(before);
    }
  });

  test("makes no order: what a browser writes there says nothing, to itself or to those it names", async () => {
    const [eve, alice] = [shop.browser(), shop.browser()];
    await eve.begin();
    await alice.begin();
    const made = (await past(eve).post("/sessions")).body.data.sessionId;
    const secret = "s".repeat(22);
    const edit = { role: "edit", invitationId: "iiiiiiiiiii" };
    const order = {
      ...{ revision: 0, pending: {}, history: [], placed: { key: "", order: {} } },
      members: { [await ownId(alice)]: { ...edit, participantId: "p", name: "Alice", joinedAt: 0 } },
      invitations: {
        iiiiiiiiiii: { ...edit, secretHash: hash("sha256", secret), createdAt: 0, expiresAt: 9e15, uses: 0 },
      },
    };
    for (const id of [made, await ownId(eve)]) {
      expect((await past(eve).send("PATCH", `/sessions/${id}/data`, { order })).status).toBe(200);
      for (const browser of [eve, alice]) {
        expect((await browser.get(`/sessions/${id}/history`)).status).toBe(404);
        expect((await browser.get(`/sessions/${id}/cart`)).status).toBe(404);
      }
      const token = `${id}.iiiiiiiiiii.${secret}`;
      expect((await alice.post("/invitations/accept", { token })).status).toBe(403);
    }
  });
});
