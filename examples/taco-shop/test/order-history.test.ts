import { openSessions } from "coatcheck-server";
import { describe, expect, test } from "vitest";
import { openAccountsDatabase } from "../src/accounts/database.ts";
import { OrderHistory } from "../src/order-history.ts";
import type { HistoryEntry } from "../src/order-state.ts";
import { logIn, signUp } from "./account-fixtures.ts";
import { ONE_BACKEND } from "./backend-fixtures.ts";
import { log, setUpShop, type Visitor } from "./shop-fixtures.ts";

const createEntry = (number: number): HistoryEntry => ({
  number,
  at: Date.UTC(2026, 10, 21) + number,
  who: { participantId: "owner", name: "Alice" },
  what: "added",
  outcome: "done",
});
const numbersOf = (entries: readonly { readonly number: number }[]) => entries.map(({ number }) => number);

test("addMissing() adds the entries that are not stored yet", () => {
  const history = new OrderHistory(openAccountsDatabase(":memory:"));
  history.addMissing("a", [createEntry(1), createEntry(2)]);
  history.addMissing("b", [createEntry(1)]);
  history.addMissing("a", [createEntry(2), createEntry(3), createEntry(4)]);
  expect(history.read("a", Number.MAX_SAFE_INTEGER, 100)).toEqual([1, 2, 3, 4].map(createEntry));
  expect(numbersOf(history.read("a", 4, 2))).toEqual([2, 3]);
  history.forget("a");
  expect(history.read("a", 4, 2)).toEqual([]);
  expect(history.listUnowned()).toEqual(["b"]);
});

describe("the history of an order", () => {
  const shop = setUpShop(ONE_BACKEND);
  const read = async (visitor: Visitor, order: string, query = "") => {
    const { status, body } = await visitor.get(`${order}/history${query}`);
    return status === 200 ? numbersOf(body.data.entries) : status;
  };

  test("has no limit, can be read in pages, and remains readable after the order's end", async () => {
    const [alice, guest, stranger] = [shop.browser(), shop.browser(), shop.browser()];
    await signUp(alice, "alice@history.example");
    await logIn(alice, "alice@history.example");
    await stranger.createOrder();
    const order = await alice.createOrder();
    for (let count = 0; count < 59; count++) {
      const { body } = await alice.post(`${order}/invitations`, { role: "view" });
      await alice.send("DELETE", `${order}/invitations/${body.data.invitationId}`);
    }
    const { token } = (await alice.post(`${order}/invitations`, { role: "view" })).body.data;
    await guest.post("/invitations/accept", { token, name: "Bob" });

    const last = Array.from({ length: 100 }, (_, index) => index + 21);
    expect(await read(alice, order)).toEqual(last);
    expect(await read(alice, order, "?before=21")).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
    expect(await read(alice, order, "?before=21&limit=2")).toEqual([19, 20]);
    for (const query of ["?limit=101", "?before=0", "?before=x", "?befor=1"]) {
      expect([query, await read(alice, order, query)]).toEqual([query, 400]);
    }

    await alice.send("DELETE", order);
    expect(await read(alice, order)).toEqual(last);
    expect(await read(guest, order)).toEqual(last);
    expect(await read(stranger, order)).toBe(404);

    const sessions = await openSessions(shop.config, log);
    while ((await sessions.manager.sweep(0)) === 0);
    await sessions.close();
    await alice.get("/sessions/mine");
    expect(await read(alice, order)).toEqual(last);
    expect(await read(guest, order)).toBe(404);
    expect(await read(stranger, order)).toBe(404);
  });
});
