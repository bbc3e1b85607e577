import { afterAll, beforeAll, expect, test } from "vitest";
import { listOrders, logIn, requestAuth, signUp } from "./account-fixtures.ts";
import { describeEachBackend, TACO_L, TACO_XL } from "./backend-fixtures.ts";
import { EventReader } from "./event-fixtures.ts";
import { openNode } from "./node-fixtures.ts";
import { setUpShop, Visitor } from "./shop-fixtures.ts";

describeEachBackend(
  (kind) => `two nodes of the shop in front of the ${kind} backend`,
  (kind) => {
    const shop = setUpShop(kind);
    let node: Awaited<ReturnType<typeof openNode>>;

    beforeAll(async () => {
      node = await openNode(shop.config, shop.backendUrl(), {}, shop.accountsPath);
    });
    afterAll(() => node.close());

    test("two nodes serve the same order, and a change on one node causes an event on the other node", async () => {
      const here = shop.browser();
      const order = await here.createOrder();
      const there = new Visitor(() => node.url);
      there.cookie = here.cookie;
      await here.post(`${order}/cart/tacos`, TACO_XL);
      expect((await there.post(`${order}/cart/tacos`, TACO_L)).body.data.item?.id).toBe(1);
      const events = await EventReader.open(`${node.url}/api/v1${order}/events`, there.headers());
      const before = await events.next();
      await here.send("DELETE", `${order}/cart/tacos/0`);
      const seen = await events.nextMatching(({ data }) => data.entry?.what === "removed");
      expect(seen.data.revision).toBeGreaterThan(before?.data.revision ?? 0);
      const carts = await Promise.all([here, there].map((each) => each.get(`${order}/cart`)));
      expect(carts[0]?.body).toEqual(carts[1]?.body);
      expect(carts[1]?.body.data.tacos).toMatchObject([{ id: 1 }]);
      await here.send("DELETE", order);
      expect((await events.nextMatching(({ event }) => event === "ended")).data.reason).toBe("ended");
      expect((await there.get(`${order}/cart`)).status).toBe(404);
    });

    test("two nodes serve the same account, and a logout on one node ends event streams on the other", async () => {
      const here = shop.browser();
      await signUp(here, "nodes@example.com");
      await logIn(here, "nodes@example.com");
      const order = await here.createOrder();
      const there = new Visitor(() => node.url);
      await logIn(there, "nodes@example.com");
      expect(await listOrders(there)).toEqual([[order, "owner"]]);
      const events = await EventReader.open(`${node.url}/api/v1${order}/events`, here.headers());
      await requestAuth(here, "DELETE");
      expect((await events.nextMatching(({ event }) => event === "ended")).data.reason).toBe("signed-out");
      expect(await listOrders(there)).toEqual([[order, "owner"]]);
    });

    test("two nodes accept only one of two concurrent edits with the same If-Match", async () => {
      const here = shop.browser();
      const order = await here.createOrder();
      await here.post(`${order}/cart/tacos`, TACO_XL);
      const there = new Visitor(() => node.url);
      there.cookie = here.cookie;
      for (let round = 0; round < 5; round++) {
        const etag = (await there.get(`${order}/cart`)).headers.get("etag") ?? "";
        const responses = await Promise.all(
          [here, there].map((each, index) =>
            each.send(
              "PATCH",
              `${order}/cart/tacos/0/quantity`,
              { quantity: 2 + index },
              { "if-match": etag },
            ),
          ),
        );
        expect(responses.map(({ status }) => status).sort()).toEqual([200, 409]);
      }
      const { entries } = (await there.get(`${order}/history`)).body.data;
      expect(entries.filter(({ what }) => what === "quantity")).toHaveLength(5);
    });
  },
);
