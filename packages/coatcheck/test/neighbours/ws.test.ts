import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { HttpOptions } from "../../src/http/index.ts";
import { coatcheck } from "../../src/http/node/adapter.ts";
import { CoatcheckError } from "../../src/session/errors.ts";
import type { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { cookieHeader, createManager, type Data, logIn, startListening } from "./fixtures.ts";

/**
 * Starts a server that accepts WebSockets of logged-in clients and closes each one when its session ends. The messages
 * of a client are commands.
 */
async function startServer(manager: SessionManager<Data>, options?: HttpOptions): Promise<string> {
  const withSession = coatcheck(manager, options);
  const webSockets = new WebSocketServer({ noServer: true });
  const server = createServer(withSession((_request, response) => void response.end("a page")));
  server.on(
    "upgrade",
    withSession.upgrade(async (request, socket, head) => {
      const session = await request.session.requireSubject();
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        const onClosed = () => webSocket.close(1008, session.closed.reason.code);
        session.closed.addEventListener("abort", onClosed);
        webSocket.on("close", () => session.closed.removeEventListener("abort", onClosed));
        webSocket.on("message", async (message) => {
          try {
            if (String(message) === "authenticate") await session.authenticate("eve");
            if (String(message) === "save") await session.patch({ saved: true });
            webSocket.send(session.subject ?? "nobody");
          } catch (error) {
            webSocket.send(error instanceof CoatcheckError ? error.code : String(error));
          }
        });
      });
    }),
  );
  onTestFinished(() => webSockets.close());
  return await startListening(server);
}

const HANDSHAKE_HEADERS = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

const openWebSocket = (url: string, headers: Record<string, string>) =>
  new WebSocket(url.replace("http", "ws"), { headers });

/** Sends a message and returns the response. */
async function sendMessage(webSocket: WebSocket, message: string): Promise<string> {
  webSocket.send(message);
  return String((await once(webSocket, "message"))[0]);
}

/** Returns the status and error code of a refused handshake, or 101 for an accepted handshake. */
async function tryHandshake(url: string, headers: Record<string, string>): Promise<[number, string?]> {
  const request = httpRequest(url, {
    headers: { ...HANDSHAKE_HEADERS, ...headers },
  }).end();
  return await new Promise((resolve, reject) => {
    request.on("upgrade", (_response, socket) => {
      socket.destroy();
      resolve([101]);
    });
    request.on("response", async (response) => {
      const body = (await response.toArray()).join("");
      resolve([response.statusCode ?? 0, JSON.parse(body).error.code]);
    });
    request.on("error", reject);
  });
}

it("a WebSocket has the session's subject, and closes immediately when this process revokes the session", async () => {
  const manager = createManager();
  const url = await startServer(manager);
  const { id, cookie } = await logIn(manager);
  const webSocket = openWebSocket(url, { cookie });
  await once(webSocket, "open");
  expect(await sendMessage(webSocket, "who")).toBe("ada");
  await manager.revoke({ session: id });
  const [code, reason] = await once(webSocket, "close");
  expect([code, String(reason)]).toEqual([1008, "SESSION_REVOKED"]);
});

it("a WebSocket closes when another node revokes the session", async () => {
  const store = memoryStore();
  const url = await startServer(createManager(store));
  const otherNode = createManager(store);
  const { cookie } = await logIn(otherNode);
  const webSocket = openWebSocket(url, { cookie });
  await once(webSocket, "open");
  await otherNode.revoke({ subject: "ada" });
  const [code, reason] = await once(webSocket, "close");
  expect([code, String(reason)]).toEqual([1008, "SESSION_REVOKED"]);
});

it("a WebSocket closes when a rotation replaces its token", async () => {
  const manager = createManager();
  const url = await startServer(manager);
  const { id, cookie } = await logIn(manager);
  const webSocket = openWebSocket(url, { cookie });
  await once(webSocket, "open");
  await manager.rotate(id);
  const [, reason] = await once(webSocket, "close");
  expect(String(reason)).toBe("CONFLICT");
  expect(await tryHandshake(url, { cookie })).toEqual([409, "CONFLICT"]);
});

it("a WebSocket can save data, but not log in, because no response can set the new cookie", async () => {
  const manager = createManager();
  const url = await startServer(manager);
  const { id, cookie } = await logIn(manager);
  const webSocket = openWebSocket(url, { cookie });
  await once(webSocket, "open");
  expect(await sendMessage(webSocket, "save")).toBe("ada");
  expect((await manager.find(id))?.data).toEqual({ saved: true });
  expect(await sendMessage(webSocket, "authenticate")).toBe("CONFLICT");
  expect((await manager.find(id))?.subject).toBe("ada");
  webSocket.close();
});

it.each([
  ["the same origin", { origin: "https://app.example", host: "app.example" }, 101],
  ["the same origin, as Sec-Fetch-Site", { "sec-fetch-site": "same-origin" }, 101],
  ["no browser", {}, 101],
  ["a sibling host", { origin: "https://blog.app.example", host: "app.example" }, 403],
  ["a sibling host, as Sec-Fetch-Site", { "sec-fetch-site": "same-site", host: "app.example" }, 403],
  ["another site", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }, 403],
  ["an opaque origin", { origin: "null" }, 403],
  ["a trusted origin", { origin: "https://pay.example", host: "app.example" }, 101],
])("a handshake from %s passes the same CSRF checks as an unsafe request", async (_name, headers, status) => {
  const manager = createManager();
  const url = await startServer(manager, {
    csrf: { trustedOrigins: ["https://pay.example"], token: "required" },
  });
  const { cookie } = await logIn(manager);
  const code = status === 403 ? ["FORBIDDEN"] : [];
  expect(await tryHandshake(url, { cookie, ...headers } as Record<string, string>)).toEqual([
    status,
    ...code,
  ]);
});

it("a handshake is refused with 401 without a login, but accepted from any origin with a bearer token", async () => {
  const manager = createManager();
  const url = await startServer(manager);
  const { token } = await logIn(manager);
  expect(await tryHandshake(url, {})).toEqual([401, "SESSION_REQUIRED"]);
  expect(await tryHandshake(url, { cookie: cookieHeader("x".repeat(50)) })).toEqual([
    401,
    "SESSION_REQUIRED",
  ]);
  const headers = { authorization: `Bearer ${token}`, origin: "capacitor://localhost" };
  expect(await tryHandshake(url, headers)).toEqual([101]);
});

it("the server does not crash if a client disconnects before its handshake is refused", async () => {
  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const manager = createManager({
    ...memoryStore(),
    get: async () => {
      arrived.resolve();
      await released.promise;
      return null;
    },
  });
  const url = await startServer(manager);
  const { cookie } = await logIn(manager);
  const request = httpRequest(url, { headers: { ...HANDSHAKE_HEADERS, cookie } }).end();
  await arrived.promise;
  request.socket?.resetAndDestroy();
  await once(request, "error");
  released.resolve();
  expect(await tryHandshake(url, { cookie })).toEqual([401, "SESSION_REQUIRED"]);
});

it("a request receives the session cookie even if it offers an upgrade that the server ignores, such as curl's upgrade to h2c", async () => {
  const manager = createManager();
  const withSession = coatcheck(manager);
  const url = await startListening(
    withSession(async (request, response) => {
      await (await request.session.load()).patch({ theme: "dark" });
      response.end();
    }),
  );
  const request = httpRequest(url, {
    headers: { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c" },
  }).end();
  const [response] = await once(request, "response");
  response.resume();
  expect([response.statusCode, response.headers["set-cookie"]?.length]).toEqual([200, 1]);
});
