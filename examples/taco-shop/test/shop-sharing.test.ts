import { describe, expect, test } from "vitest";
import { ALICE_RECIPIENT, ONE_BACKEND, TACO_L, TACO_XL } from "./backend-fixtures.ts";
import { EventReader } from "./event-fixtures.ts";
import { setUpShop, type Visitor } from "./shop-fixtures.ts";

const kind = ONE_BACKEND;

const ALICE_AS_PLACED = {
  customer: ALICE_RECIPIENT.customer,
  delivery: { address: ALICE_RECIPIENT.delivery.address },
};

describe("a shared order", () => {
  const shop = setUpShop(kind);

  /** Creates an order of Alice with one taco. Returns functions to invite guests and to join. */
  async function sharedOrder() {
    const alice = shop.browser();
    const order = await alice.createOrder({ metadata: { customerName: "Alice" } });
    await alice.post(`${order}/cart/tacos`, TACO_XL);
    const invite = async (role: string, more: object = {}) => {
      const { body, status } = await alice.post(`${order}/invitations`, { role, ...more });
      expect(status).toBe(201);
      return body.data;
    };
    const join = async (token: string, name: string): Promise<Visitor> => {
      const guest = shop.browser();
      const answer = await guest.post("/invitations/accept", { token, name });
      expect(answer.body.data.sessionId).toBe(order.slice("/sessions/".length));
      return guest;
    };
    return { alice, order, invite, join };
  }

  test("can be read by viewers, edited by editors, and shared and placed only by its owner", async () => {
    const { alice, order, invite, join } = await sharedOrder();
    const { token, url } = await invite("view");
    expect(url).toBe(`${shop.url()}/#/join/${token}`);
    const bob = await join(token, "Bob");
    const carol = await join((await invite("edit")).token, "Carol");

    expect((await bob.get(`${order}/cart`)).body.data).toMatchObject({ role: "view", itemCount: 1 });
    const refused = await bob.post(`${order}/cart/tacos`, TACO_L);
    expect(refused).toMatchObject({ status: 403, body: { error: { code: "FORBIDDEN" } } });
    expect((await carol.post(`${order}/cart/tacos`, TACO_L)).status).toBe(201);
    for (const guest of [bob, carol]) {
      expect((await guest.post(`${order}/invitations`, { role: "edit" })).status).toBe(403);
      expect((await guest.post(`${order}/orders`, ALICE_RECIPIENT)).status).toBe(403);
      expect((await guest.get(order)).status).toBe(404);
      expect((await guest.send("DELETE", order)).status).toBe(404);
    }
    const { participants } = (await carol.get(`${order}/participants`)).body.data;
    expect(participants.map(({ name, role, isYou }) => [name, role, isYou])).toEqual([
      ["Alice", "owner", false],
      ["Bob", "view", false],
      ["Carol", "edit", true],
    ]);
    expect((await carol.get(`${order}/participants`)).body.data.invitations).toEqual([]);
    expect((await alice.get(`${order}/participants`)).body.data.invitations).toMatchObject([
      { uses: 1 },
      { uses: 1 },
    ]);
    const { entries } = (await bob.get(`${order}/history`)).body.data;
    expect(entries.map(({ who, what, item }) => [who.name, what, item])).toEqual([
      ["Alice", "added", { kind: "tacos", id: 0 }],
      ["Alice", "invited", undefined],
      ["Bob", "joined", undefined],
      ["Alice", "invited", undefined],
      ["Carol", "joined", undefined],
      ["Carol", "added", { kind: "tacos", id: 1 }],
    ]);
    expect(entries.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await bob.get("/sessions/mine")).body.data.sessions).toMatchObject([{ role: "view" }]);
    const placed = await alice.post(`${order}/orders`, ALICE_RECIPIENT);
    expect(placed.status).toBe(201);
    const { orders } = (await bob.get(`${order}/orders`)).body.data;
    const one = (await carol.get(`${order}/orders/${placed.body.data.number}`)).body.data;
    for (const seen of [orders[0], one]) {
      expect(seen).toMatchObject({ customer: { name: "Alice", phone: "" }, delivery: { address: null } });
    }
    expect((await alice.get(`${order}/orders`)).body.data.orders).toMatchObject([ALICE_AS_PLACED]);
  });

  test("accepts one of two concurrent edits with the same If-Match and rejects the other with CONFLICT", async () => {
    const { alice, order, invite, join } = await sharedOrder();
    const bob = await join((await invite("edit")).token, "Bob");
    for (let round = 0; round < 5; round++) {
      const { headers, body } = await bob.get(`${order}/cart`);
      const ifMatch = { "if-match": headers.get("etag") ?? "" };
      const answers = await Promise.all(
        [alice, bob].map((each, index) =>
          each.send("PATCH", `${order}/cart/tacos/0/quantity`, { quantity: 2 + index }, ifMatch),
        ),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
      const lost = answers.find(({ status }) => status === 409);
      expect(lost?.body.error).toMatchObject({ code: "CONFLICT", faults: [{ path: "If-Match" }] });
      const winner = answers[0]?.status === 200 ? 2 : 3;
      const after = (await alice.get(`${order}/cart`)).body.data;
      expect(after.tacos).toMatchObject([{ id: 0, quantity: winner }]);
      expect(after.revision).toBeGreaterThan(body.data.revision);
    }
    const stale = await bob.send("DELETE", `${order}/cart`, undefined, { "if-match": '"1"' });
    expect(stale.status).toBe(409);
    expect((await alice.get(`${order}/cart`)).body.data.itemCount).toBeGreaterThan(0);
  });

  test("keeps all concurrent edits without If-Match, in the cart and in the history", async () => {
    const { alice, order, invite, join } = await sharedOrder();
    const bob = await join((await invite("edit")).token, "Bob");
    await Promise.all(
      Array.from({ length: 10 }, (_, index) => (index % 2 ? alice : bob).post(`${order}/cart/tacos`, TACO_L)),
    );
    const { tacos } = (await alice.get(`${order}/cart`)).body.data;
    expect(tacos.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    const { entries } = (await alice.get(`${order}/history`)).body.data;
    const added = entries.filter(({ what, outcome }) => what === "added" && outcome === "done");
    expect(added.filter(({ who }) => who.name === "Bob")).toHaveLength(5);
    expect(added.filter(({ who }) => who.name === "Alice")).toHaveLength(6);
  });

  test("sends edits to the guests' event streams, and ends the stream of a removed guest with the event `excluded`", async () => {
    const { alice, order, invite, join } = await sharedOrder();
    const invitation = await invite("view");
    const bob = await join(invitation.token, "Bob");
    const events = await EventReader.open(`${shop.url()}/api/v1${order}/events`, bob.headers());
    expect(await events.next()).toMatchObject({ event: "changed", data: { entry: { what: "joined" } } });
    await alice.post(`${order}/cart/drinks`, { product: "coca_cola" });
    const seen = await events.nextMatching(({ data }) => data.entry?.what === "added");
    expect(seen.data.entry).toMatchObject({ who: { name: "Alice" }, item: { kind: "drinks", id: 0 } });
    const cart = (await bob.get(`${order}/cart`)).body.data;
    expect(cart.revision).toBe(seen.data.revision);

    const revoked = await alice.send("DELETE", `${order}/invitations/${invitation.invitationId}`);
    expect(revoked.body.data).toEqual({ removed: 1 });
    expect(await events.nextMatching(({ event }) => event === "ended")).toMatchObject({
      data: { reason: "excluded" },
    });
    expect(await events.next()).toBeNull();
    expect((await bob.get(`${order}/cart`)).status).toBe(404);
    expect((await bob.get("/sessions/mine")).body.data.sessions).toEqual([]);
    const late = await shop.browser().post("/invitations/accept", { token: invitation.token });
    expect(late).toMatchObject({
      status: 403,
      body: { error: { code: "FORBIDDEN", faults: [{ path: "token" }] } },
    });
  });

  test("sends the event `ended` and closes the event streams when the order ends", async () => {
    const { alice, order } = await sharedOrder();
    const events = await EventReader.open(`${shop.url()}/api/v1${order}/events`, alice.headers());
    await alice.send("DELETE", order);
    expect(await events.nextMatching(({ event }) => event === "ended")).toMatchObject({
      data: { reason: "ended" },
    });
    expect(await events.next()).toBeNull();
  });

  test("keeps the other guests when the owner removes a guest", async () => {
    const { alice, order, invite, join } = await sharedOrder();
    const { token } = await invite("edit");
    const [bob, carol] = [await join(token, "Bob"), await join(token, "Carol")];
    const { participants } = (await alice.get(`${order}/participants`)).body.data;
    const id = participants.find(({ name }) => name === "Bob")?.participantId;
    expect((await alice.send("DELETE", `${order}/participants/${id}`)).status).toBe(200);
    expect((await bob.post(`${order}/cart/tacos`, TACO_L)).status).toBe(404);
    expect((await carol.post(`${order}/cart/tacos`, TACO_L)).status).toBe(201);
    const again = await alice.send("DELETE", `${order}/participants/${id}`);
    expect(again).toMatchObject({ status: 404, body: { error: { faults: [{ path: "participantId" }] } } });
  });

  test("can be left by a guest, but not by its owner", async () => {
    const { alice, order, invite, join } = await sharedOrder();
    const { token } = await invite("edit");
    const [bob, carol] = [await join(token, "Bob"), await join(token, "Carol")];
    const [hers, his] = await Promise.all(
      [carol, bob].map((each) => EventReader.open(`${shop.url()}/api/v1${order}/events`, each.headers())),
    );
    const leave = (each: Visitor) => each.send("DELETE", `${order}/participants/me`);
    expect((await leave(bob)).body.data).toEqual({ removed: 1 });
    expect(await hers?.nextMatching(({ data }) => data.entry?.what === "left")).toMatchObject({
      data: { entry: { who: { name: "Bob" } } },
    });
    expect((await his?.nextMatching(({ event }) => event === "ended"))?.data.reason).toBe("excluded");
    expect((await bob.get(`${order}/cart`)).status).toBe(404);
    expect((await bob.get("/sessions/mine")).body.data.sessions).toEqual([]);
    expect((await leave(bob)).status).toBe(404);
    expect(await leave(alice)).toMatchObject({
      status: 409,
      body: { error: { code: "CONFLICT", faults: [{ path: "participantId" }] } },
    });
    const { participants } = (await alice.get(`${order}/participants`)).body.data;
    expect(participants.map(({ name }) => name)).toEqual(["Alice", "Carol"]);
    const { entries } = (await carol.get(`${order}/history`)).body.data;
    expect(entries.at(-1)).toMatchObject({ what: "left", who: { name: "Bob" }, outcome: "done" });
    expect((await bob.post("/invitations/accept", { token })).body.data.role).toBe("edit");
    expect((await bob.get("/sessions/mine")).body.data.sessions).toHaveLength(1);
  });

  test("rejects expired, altered and malformed invitations", async () => {
    const { alice, order, invite, join } = await sharedOrder();
    const { token } = await invite("edit", { expiresIn: 1 });
    const check = (of: string) => shop.browser().post("/invitations/check", { token: of });
    const named = await invite("view", { name: "Alice A." });
    const { headers, body } = await check(named.token);
    expect(body.data).toEqual({ role: "view", owner: "Alice A.", participants: 1 });
    expect(headers.getSetCookie()).toEqual([]);
    await alice.send("DELETE", `${order}/invitations/${named.invitationId}`);
    for (const [dead, status] of [
      [named.token, 403],
      ["welcome", 400],
    ] as const) {
      expect(await check(dead)).toMatchObject({ status, body: { error: { faults: [{ path: "token" }] } } });
    }
    const altered = `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`;
    expect((await shop.browser().post("/invitations/accept", { token: altered })).status).toBe(403);
    const malformed = await shop.browser().post("/invitations/accept", { token: "welcome" });
    expect(malformed).toMatchObject({ status: 400, body: { error: { faults: [{ path: "token" }] } } });
    await expect
      .poll(async () => (await shop.browser().post("/invitations/accept", { token })).body.error?.message, {
        timeout: 3000,
      })
      .toContain("expired");
    expect((await alice.get(`${order}/participants`)).body.data.invitations).toEqual([]);
    const own = await invite("view");
    const byConsumer = await shop.consumer().post("/invitations/accept", { token: own.token });
    expect(byConsumer).toMatchObject({ status: 403, body: { error: { code: "FORBIDDEN" } } });
    expect((await alice.post("/invitations/accept", { token: own.token })).body.data.role).toBe("owner");
    const better = await invite("edit");
    const bob = await join(own.token, "Bob");
    const raised = await bob.post("/invitations/accept", { token: better.token, name: "Bob" });
    expect(raised.body.data.role).toBe("edit");
    const { participants } = (await alice.get(`${order}/participants`)).body.data;
    expect(participants.filter(({ name }) => name === "Bob")).toMatchObject([{ role: "edit" }]);
    for (const body of [
      { role: "owner" },
      { role: "edit", expiresIn: 0 },
      { role: "edit", expiresIn: 1e9 },
    ]) {
      expect((await alice.post(`${order}/invitations`, body)).status).toBe(400);
    }
  });
});
