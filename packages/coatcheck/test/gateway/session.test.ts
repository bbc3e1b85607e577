import { expect, test } from "vitest";
import { stateInSession } from "../../src/gateway/index.ts";
import type { JsonObject } from "../../src/session/json.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { connectUpstream, sendJson, startServer } from "./fixtures.ts";

const SECRETS = ["a secret of the manager's tests"];

/** Creates two nodes that share a store, and a session in that store. */
async function createTwoNodes() {
  const store = memoryStore();
  const [here, there] = [
    new SessionManager({ store, secrets: SECRETS }),
    new SessionManager({ store, secrets: SECRETS }),
  ];
  const { record } = await here.create({ data: { cart: "mine" } });
  return { here, there, id: record.id };
}

test("swap() replaces the stored text only if it equals the expected text, and returns the text stored afterwards", async () => {
  const { here, there, id } = await createTwoNodes();
  const [mine, theirs] = [stateInSession(here, id), stateInSession(there, id)];
  expect(await mine.read()).toBeNull();
  expect(await mine.swap(null, "first")).toBe("first");
  expect(await theirs.swap(null, "second")).toBe("first");
  const { version } = (await here.find(id)) ?? {};
  expect(await theirs.swap("stale", "second")).toBe("first");
  expect((await here.find(id))?.version).toBe(version);
  expect(await theirs.swap("first", "second")).toBe("second");
  expect(await mine.read()).toBe("second");
});

test("swap() returns the stored text even if the update began with an outdated copy of the session", async () => {
  const { here, id } = await createTwoNodes();
  await stateInSession(here, id).swap(null, "first");
  const lagging = stateInSession<JsonObject>(
    {
      find: (id) => here.find(id),
      async update(id, change) {
        change({});
        return await here.update(id, change);
      },
    },
    id,
  );
  expect(await lagging.swap("first", "second")).toBe("first");
});

test("stateInSession() accepts a manager with typed session data", async () => {
  interface Data {
    readonly cart: string;
    readonly $upstream: string | null;
  }
  const manager = new SessionManager<Data>({ store: memoryStore(), secrets: SECRETS });
  const { record } = await manager.create({ data: { cart: "mine", $upstream: null } });
  const state = stateInSession(manager, record.id);
  expect(await state.read()).toBeNull();
  expect(await state.swap(null, "first")).toBe("first");
  expect((await manager.find(record.id))?.data).toEqual({ cart: "mine", $upstream: "first" });
});

test("swap() keeps the application's session data, including concurrent patches of that data", async () => {
  const { here, there, id } = await createTwoNodes();
  const state = stateInSession(here, id, "shop");
  await Promise.all([
    state.swap(null, "text"),
    ...Array.from({ length: 20 }, (_, index) => there.patch(id, { [`item${index}`]: index })),
  ]);
  expect((await here.find(id))?.data).toMatchObject({ cart: "mine", shop: "text", item0: 0, item19: 19 });
});

test("the session keeps every cookie that two nodes receive at the same time", async () => {
  const { here, there, id } = await createTwoNodes();
  const arrived: (() => void)[] = [];
  const server = await startServer(async (_request, response, { path, cookie }) => {
    if (path === "/echo") return sendJson(response, cookie);
    await new Promise<void>((release) => {
      arrived.push(release);
      if (arrived.length === 2) for (const each of arrived) each();
    });
    return sendJson(response, {}, { "set-cookie": `${path.slice(1)}=1; Path=/` });
  });
  await Promise.all([
    connectUpstream(server.origin).request(stateInSession(here, id), { method: "POST", path: "/here" }),
    connectUpstream(server.origin).request(stateInSession(there, id), { method: "POST", path: "/there" }),
  ]);
  const echo = await connectUpstream(server.origin).request(stateInSession(here, id), {
    method: "GET",
    path: "/echo",
  });
  expect(String(echo.json()).split("; ").sort()).toEqual(["here=1", "there=1"]);
});

test("request() rejects a missing or revoked session without sending anything", async () => {
  const { here, id } = await createTwoNodes();
  const server = await startServer((_request, response) => sendJson(response, {}));
  const upstream = connectUpstream(server.origin);
  const send = (sessionId: string) =>
    upstream.request(stateInSession(here, sessionId), { method: "GET", path: "/" });
  await expect(send(crypto.randomUUID())).rejects.toMatchObject({ code: "SESSION_NOT_FOUND" });
  await here.revoke({ session: id });
  await expect(send(id)).rejects.toMatchObject({ code: "SESSION_REVOKED" });
  expect(server.received).toEqual([]);
});

test("a session that is revoked during a request stays revoked", async () => {
  const { here, id } = await createTwoNodes();
  const server = await startServer(async (_request, response) => {
    await here.revoke({ session: id });
    sendJson(response, {}, { "set-cookie": "late=1" });
  });
  const state = stateInSession(here, id);
  await expect(
    connectUpstream(server.origin).request(state, { method: "GET", path: "/" }),
  ).rejects.toMatchObject({
    code: "SESSION_REVOKED",
  });
  expect(await here.find(id)).toMatchObject({ state: "revoked", data: { cart: "mine" } });
});
