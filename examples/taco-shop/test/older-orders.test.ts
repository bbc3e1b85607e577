import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { JsonObject, SessionManager } from "coatcheck";
import { openSessions, readConfig } from "coatcheck-server";
import { afterAll, expect, test } from "vitest";
import { openAccountsDatabase } from "../src/accounts/database.ts";
import { startShop } from "../src/main.ts";
import { L, temporaryFolder, XL } from "./backend-visitor.ts";
import { ADMIN, KEYS, log, passwords, Visitor } from "./shop-visitor.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

const config = readConfig({
  PORT: "0",
  DATABASE_URL: `sqlite:${join(folder.path, "sessions.db")}`,
  ADMIN_TOKEN: ADMIN,
  API_KEYS: `slack:${KEYS.slack}`,
});
let url = "";

/** The shop over this file's databases, for as long as `task` takes. */
async function whileOpen(task: () => Promise<void>): Promise<void> {
  const shop = await startShop({ config, log, backendKind: "typescript", passwords });
  url = shop.url;
  try {
    await task();
  } finally {
    await shop.stop();
  }
}

/** Works on the sessions past the shop. */
async function past<Value>(task: (manager: SessionManager) => Promise<Value>): Promise<Value> {
  const { manager, close } = await openSessions(config, log);
  try {
    return await task(manager);
  } finally {
    await close();
  }
}

async function rewrite(paths: readonly string[], change: (data: JsonObject) => JsonObject): Promise<void> {
  await past(async (manager) => {
    for (const path of paths) await manager.update(path.slice("/sessions/".length), change);
  });
}

/** An order of which the shop has not heard. */
const ORDER = { revision: 9, pending: {}, history: [], invitations: {}, members: {}, placed: null };

/** As an older version of the shop left it. */
function aged({ $order = null, $upstream = null, ...others }: JsonObject): JsonObject {
  return { ...others, order: $order, upstream: $upstream };
}

/** With as much of its owner's beside it as there is room. */
function filled(data: JsonObject): JsonObject {
  const room = 64 * 1024 - JSON.stringify({ ...data, filler: "" }).length;
  return { ...data, filler: "x".repeat(room) };
}

/** What the shop tells somebody of an order. */
async function told(visitor: Visitor, order: string) {
  const answers = ["cart", "history", "participants"].map((what) => visitor.get(`${order}/${what}`));
  return (await Promise.all(answers)).map(({ body }) => body.data);
}

test("orders of an older version go on where they were, and its names say nothing afterwards", async () => {
  const [alice, bob, slack] = [null, null, KEYS.slack].map((key) => new Visitor(() => url, key));
  if (!alice || !bob || !slack) throw new Error("Somebody is missing.");
  const orders = { shared: "", bot: "", full: "", forged: "" };
  const before: unknown[] = [];
  await whileOpen(async () => {
    await bob.begin();
    orders.shared = await alice.begin();
    await alice.post(`${orders.shared}/cart/tacos`, XL);
    const { token } = (await alice.post(`${orders.shared}/invitations`, { role: "edit" })).body.data;
    await bob.post("/invitations/accept", { token, name: "Bob" });
    for (const name of ["bot", "full"] as const) {
      orders[name] = await slack.begin();
      await slack.post(`${orders[name]}/cart/tacos`, L);
    }
    before.push(await told(alice, orders.shared), await told(slack, orders.bot));
  });
  expect(before).toMatchObject([
    [{ total: 1790 }, { entries: [{}, {}, { what: "joined" }] }, { participants: [{}, {}] }],
    [{ itemCount: 1 }, { entries: [{ what: "added" }] }, {}],
  ]);

  await rewrite([orders.shared, orders.bot, orders.full], aged);
  await rewrite([orders.full], filled);
  const others = [
    { owner: "browser:elsewhere", data: { order: ORDER } },
    { owner: "consumer:slack", data: { order: 17, upstream: "mine" } },
  ];
  const ids = await past((manager) =>
    Promise.all(others.map(async (each) => (await manager.create(each)).record.id)),
  );
  const accounts = new DatabaseSync(join(folder.path, "taco-shop-accounts.db"));
  accounts.exec("PRAGMA user_version = 0");
  accounts.close();
  await whileOpen(async () => {
    expect([await told(alice, orders.shared), await told(slack, orders.bot)]).toEqual(before);
    expect((await bob.post(`${orders.shared}/cart/tacos`, L)).body.data.item).toMatchObject({ id: 1 });
    const { entries } = (await alice.get(`${orders.shared}/history`)).body.data;
    expect(entries.at(-1)).toMatchObject({ who: { name: "Bob" }, what: "added", outcome: "done" });
    orders.forged = await slack.begin();
  });

  const kept = await past((manager) => Promise.all(ids.map((id) => manager.find(id))));
  expect(kept.map((record) => record?.data)).toEqual(others.map(({ data }) => data));

  // Whoever owns a session can write this by way of the service, and wait until the shop starts again.
  await rewrite([orders.forged], (data) => ({ ...data, order: ORDER }));
  await whileOpen(async () => {
    expect((await slack.get(`${orders.forged}/cart`)).body.data.revision).toBe(0);
  });
});

test("a database that is new has no older orders, whatever stands in the sessions", () => {
  const path = join(folder.path, "new-accounts.db");
  for (const _opening of [1, 2]) {
    const accounts = openAccountsDatabase(path);
    expect(accounts.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1 });
    accounts.close();
  }
});
