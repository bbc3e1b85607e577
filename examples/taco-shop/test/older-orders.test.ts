import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { JsonObject, SessionManager } from "coatcheck";
import { openSessions, readConfig } from "coatcheck-server";
import { afterAll, expect, test } from "vitest";
import { openAccountsDatabase } from "../src/accounts/database.ts";
import { startShop } from "../src/main.ts";
import { createTemporaryFolder, TACO_L, TACO_XL } from "./backend-fixtures.ts";
import { ADMIN_TOKEN, API_KEYS, log, passwordHasher, Visitor } from "./shop-fixtures.ts";

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

const config = readConfig({
  PORT: "0",
  DATABASE_URL: `sqlite:${join(folder.path, "sessions.db")}`,
  ADMIN_TOKEN,
  API_KEYS: `slack:${API_KEYS.slack}`,
});
let url = "";

/** Runs `task` while a shop with the databases of this file is running. */
async function withShop(task: () => Promise<void>): Promise<void> {
  const shop = await startShop({ config, log, backendKind: "typescript", passwordHasher });
  url = shop.url;
  try {
    await task();
  } finally {
    await shop.stop();
  }
}

/** Runs `task` with a session manager on the shop's sessions, while no shop is running. */
async function withManager<Value>(task: (manager: SessionManager) => Promise<Value>): Promise<Value> {
  const { manager, close } = await openSessions(config, log);
  try {
    return await task(manager);
  } finally {
    await close();
  }
}

async function rewrite(paths: readonly string[], change: (data: JsonObject) => JsonObject): Promise<void> {
  await withManager(async (manager) => {
    for (const path of paths) await manager.update(path.slice("/sessions/".length), change);
  });
}

/** A forged order, which the shop did not write. */
const FORGED_ORDER = { revision: 9, pending: {}, history: [], invitations: {}, members: {}, placed: null };

/** Renames the members of a session's data to their names in an older version of the shop. */
function toOlderVersion({ $order = null, $upstream = null, ...others }: JsonObject): JsonObject {
  return { ...others, order: $order, upstream: $upstream };
}

/** Enlarges a session's data to its size limit. */
function fillToLimit(data: JsonObject): JsonObject {
  const room = 64 * 1024 - JSON.stringify({ ...data, filler: "" }).length;
  return { ...data, filler: "x".repeat(room) };
}

/** Requests cart, history and participants of an order. */
async function read(visitor: Visitor, order: string) {
  const responses = ["cart", "history", "participants"].map((what) => visitor.get(`${order}/${what}`));
  return (await Promise.all(responses)).map(({ body }) => body.data);
}

test("the shop migrates older orders at its first start, and afterwards ignores data under the old member names", async () => {
  const [alice, bob, slack] = [null, null, API_KEYS.slack].map((key) => new Visitor(() => url, key));
  if (!alice || !bob || !slack) throw new Error("Expected three visitors.");
  const orders = { shared: "", bot: "", full: "", forged: "" };
  const before: unknown[] = [];
  await withShop(async () => {
    await bob.createOrder();
    orders.shared = await alice.createOrder();
    await alice.post(`${orders.shared}/cart/tacos`, TACO_XL);
    const { token } = (await alice.post(`${orders.shared}/invitations`, { role: "edit" })).body.data;
    await bob.post("/invitations/accept", { token, name: "Bob" });
    for (const name of ["bot", "full"] as const) {
      orders[name] = await slack.createOrder();
      await slack.post(`${orders[name]}/cart/tacos`, TACO_L);
    }
    before.push(await read(alice, orders.shared), await read(slack, orders.bot));
  });
  expect(before).toMatchObject([
    [{ total: 1790 }, { entries: [{}, {}, { what: "joined" }] }, { participants: [{}, {}] }],
    [{ itemCount: 1 }, { entries: [{ what: "added" }] }, {}],
  ]);

  await rewrite([orders.shared, orders.bot, orders.full], toOlderVersion);
  await rewrite([orders.full], fillToLimit);
  const others = [
    { owner: "browser:elsewhere", data: { order: FORGED_ORDER } },
    { owner: "consumer:slack", data: { order: 17, upstream: "mine" } },
  ];
  const ids = await withManager((manager) =>
    Promise.all(others.map(async (each) => (await manager.create(each)).record.id)),
  );
  const accounts = new DatabaseSync(join(folder.path, "taco-shop-accounts.db"));
  accounts.exec("PRAGMA user_version = 0");
  accounts.close();
  await withShop(async () => {
    expect([await read(alice, orders.shared), await read(slack, orders.bot)]).toEqual(before);
    expect((await bob.post(`${orders.shared}/cart/tacos`, TACO_L)).body.data.item).toMatchObject({ id: 1 });
    const { entries } = (await alice.get(`${orders.shared}/history`)).body.data;
    expect(entries.at(-1)).toMatchObject({ who: { name: "Bob" }, what: "added", outcome: "done" });
    orders.forged = await slack.createOrder();
  });

  const unchanged = await withManager((manager) => Promise.all(ids.map((id) => manager.find(id))));
  expect(unchanged.map((record) => record?.data)).toEqual(others.map(({ data }) => data));

  // A session's owner could write this data through the service, so the next start of the shop must not migrate it.
  await rewrite([orders.forged], (data) => ({ ...data, order: FORGED_ORDER }));
  await withShop(async () => {
    expect((await slack.get(`${orders.forged}/cart`)).body.data.revision).toBe(0);
  });
});

test("openAccountsDatabase() marks a new database as migrated", () => {
  const path = join(folder.path, "new-accounts.db");
  for (const _round of [1, 2]) {
    const accounts = openAccountsDatabase(path);
    expect(accounts.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1 });
    accounts.close();
  }
});
