import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import { coatcheck } from "../../src/http/node/adapter.ts";
import { SessionManager } from "../../src/session/manager.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { postgresStore } from "../../src/store/postgres/store.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import { describeWithServer } from "../servers/fixtures.ts";
import { createTemporarySchema } from "../servers/postgres.ts";
import { waitUntilListening } from "./routes-fixtures.ts";

const OVERLAP = 30_000;

interface Data {
  readonly cart?: Readonly<Record<string, number>>;
}

/** A response of a node. `token` is the session token that the response issues, or null. */
interface NodeResponse {
  readonly status: number;
  readonly body: { readonly subject?: string | null; readonly cart?: Data["cart"] };
  readonly token: string | null;
}

/** Starts a node, which represents one process of the site. It has its own manager, cache and HTTP server. */
async function startNode(store: SessionStore, clock: { now(): number }) {
  const cache = createCache({ store, clock });
  const manager = new SessionManager<Data>({ store, cache, clock, secrets: ["a secret for these tests"] });
  const listener = coatcheck(manager)(async (request, response) => {
    const session = await request.session.load();
    const [, action, value = ""] = (request.url ?? "").split("/");
    if (action === "login") await session.authenticate(value);
    if (action === "cart") await session.patch({ cart: { [value]: 1 } });
    if (action === "elevate") await session.elevate(value, 60_000);
    if (action === "delete-account") session.requireElevated("account");
    if (action === "logout") await session.revoke();
    response.end(JSON.stringify({ subject: session.subject, cart: session.data.cart }));
  });
  const server = await waitUntilListening(createServer(listener).listen(0, "127.0.0.1"), {
    close: () => undefined,
  });
  return {
    manager,
    async send(path: string, token?: string | null): Promise<NodeResponse> {
      const response = await fetch(server.url + path, {
        method: "POST",
        headers: { connection: "close", ...(token ? { authorization: `Bearer ${token}` } : {}) },
      });
      const body = await response.json();
      return { status: response.status, body, token: response.headers.get("x-session-token") };
    },
    async close() {
      await server.close();
      await manager.close();
    },
  };
}

type Node = Awaited<ReturnType<typeof startNode>>;

function testTwoNodes(
  title: string,
  open: () => Promise<{ stores: readonly [SessionStore, SessionStore]; cleanUp: () => unknown }>,
): void {
  describe(title, () => {
    let now: number;
    let one: Node;
    let other: Node;
    let cleanUp: () => unknown;
    /** The token that the client has before the login. An attacker knows it too. */
    let olderToken: string;

    beforeEach(async () => {
      now = Date.now();
      const opened = await open();
      cleanUp = opened.cleanUp;
      const clock = { now: () => now };
      one = await startNode(opened.stores[0], clock);
      other = await startNode(opened.stores[1], clock);
      olderToken = (await one.manager.create({ data: { cart: { tacos: 1 } } })).token;
      // Send a request to each node, so that both cache the anonymous session.
      for (const node of [one, other]) {
        expect((await node.send("/", olderToken)).body).toEqual({ subject: null, cart: { tacos: 1 } });
      }
    });
    afterEach(async () => {
      await one.close();
      await other.close();
      await cleanUp();
    });

    /** Asserts that no node reads or changes the user's session with the older token. */
    async function expectOlderTokenOpensNothing(token: string | null): Promise<void> {
      for (const node of [one, other]) {
        expect((await node.send("/", olderToken)).body.subject).toBeNull();
        const attack = await node.send("/cart/worms", olderToken);
        expect(attack.body.subject ?? null).toBeNull();
        expect((await node.send("/elevate/account", olderToken)).status).not.toBe(200);
        const mallory = await node.send("/login/mallory", olderToken);
        expect((await node.send("/", mallory.token)).body.subject).toBe("mallory");
      }
      for (const node of [one, other]) {
        expect((await node.send("/", token)).body).toEqual({ subject: "ada", cart: { tacos: 1, salsa: 1 } });
      }
    }

    it("a login whose response is lost succeeds on the other node during the overlap, with the same token", async () => {
      const lost = await one.send("/login/ada", olderToken);
      const { status, token } = await other.send("/login/ada", olderToken);
      expect([status, token]).toEqual([200, lost.token]);
      expect((await one.send("/cart/salsa", token)).status).toBe(200);
      await expectOlderTokenOpensNothing(token);
      now += OVERLAP;
      await expectOlderTokenOpensNothing(token);
    });

    it("a login whose response is lost succeeds on the other node after the overlap, with the same session", async () => {
      await one.send("/login/ada", olderToken);
      now += OVERLAP;
      const { status, token } = await other.send("/login/ada", olderToken);
      expect(status).toBe(200);
      expect((await one.send("/cart/salsa", token)).status).toBe(200);
      await expectOlderTokenOpensNothing(token);
      expect((await one.manager.list({ subject: "ada" }, { limit: 9 })).records).toHaveLength(1);
    });

    it("an elevation whose response is lost can be repeated on the other node, and never elevates the older token", async () => {
      const { token: login } = await one.send("/login/ada", olderToken);
      await one.send("/elevate/account", login);
      expect((await other.send("/delete-account", login)).status).toBe(403);
      const { token } = await other.send("/elevate/account", login);
      expect((await one.send("/delete-account", token)).status).toBe(200);
      expect((await one.send("/delete-account", login)).status).toBe(403);
    });

    it("a write with the older token is rejected by a node that still caches the anonymous session", async () => {
      const { token } = await one.send("/login/ada", olderToken);
      expect((await other.send("/cart/worms", olderToken)).status).toBe(409);
      expect((await other.send("/", token)).body).toEqual({ subject: "ada", cart: { tacos: 1 } });
    });

    it("two simultaneous logins on both nodes create one session with one token", async () => {
      const logins = await Promise.all([
        one.send("/login/ada", olderToken),
        other.send("/login/ada", olderToken),
      ]);
      expect(logins.map(({ status }) => status)).toEqual([200, 200]);
      expect(new Set(logins.map(({ token }) => token)).size).toBe(1);
      expect((await other.send("/", logins[0]?.token)).body.subject).toBe("ada");
      expect((await one.manager.stats()).total).toBe(1);
    });
  });
}

testTwoNodes("bearer clients of two nodes on one SQLite file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-bearer-"));
  const file = join(folder, "sessions.db");
  return {
    stores: [sqliteStore(file), sqliteStore(file)],
    cleanUp: () => rmSync(folder, { recursive: true }),
  };
});

await describeWithServer("on PostgreSQL", "postgres", (server) => {
  testTwoNodes("bearer clients of two nodes on one database", async () => {
    const { url, drop } = await createTemporarySchema(server);
    const connect = () => postgresStore({ connectionString: url });
    return { stores: [await connect(), await connect()], cleanUp: drop };
  });
});
