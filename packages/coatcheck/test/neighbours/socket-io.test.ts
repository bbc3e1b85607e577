import { createServer } from "node:http";
import { Server, type Socket as ServerSocket } from "socket.io";
import { io as connectTo, type Socket } from "socket.io-client";
import { expect, it, onTestFinished } from "vitest";
import { coatcheck, sessionOf } from "../../src/http/express.ts";
import type { CoatcheckError } from "../../src/session/errors.ts";
import type { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { createManager, type Data, logIn, startListening } from "./fixtures.ts";

const TRANSPORTS = ["websocket", "polling"] as const;

/** Starts a Socket.IO server, which uses the session of the handshake and closes a connection when its session ends. */
async function startServer(manager: SessionManager<Data>): Promise<string> {
  const server = createServer();
  const io = new Server(server);
  io.engine.use(coatcheck(manager));
  io.use((socket, next) => {
    attachSubject(socket).then(() => next(), next);
  });
  io.on("connection", (socket) => {
    socket.on("subject", (respond) => respond(socket.data.subject));
    socket.on("authenticate", async (respond) => {
      try {
        const session = await sessionOf(socket.request).load();
        await session.authenticate("eve");
        respond("done");
      } catch (error) {
        respond((error as CoatcheckError).code);
      }
    });
  });
  onTestFinished(() => io.close());
  return await startListening(server);
}

async function attachSubject(socket: ServerSocket): Promise<void> {
  const { subject, closed } = await sessionOf(socket.request).requireSubject();
  socket.data.subject = subject;
  const onClosed = () => socket.conn.close();
  closed.addEventListener("abort", onClosed);
  socket.on("disconnect", () => closed.removeEventListener("abort", onClosed));
}

function openSocket(
  url: string,
  transport: (typeof TRANSPORTS)[number],
  headers: Record<string, string>,
): Socket {
  const socket = connectTo(url, { transports: [transport], extraHeaders: headers, reconnectionDelay: 1 });
  onTestFinished(() => void socket.disconnect());
  return socket;
}

const nextEvent = (socket: Socket, name: string) =>
  new Promise<unknown>((resolve) => socket.once(name as "connect", resolve as () => void));

it.each(TRANSPORTS)(
  "Socket.IO over %s has the session's subject, and disconnects when the session is revoked",
  async (transport) => {
    const manager = createManager();
    const url = await startServer(manager);
    const { id, cookie } = await logIn(manager);
    const socket = openSocket(url, transport, { cookie });
    await nextEvent(socket, "connect");
    expect(await socket.emitWithAck("subject")).toBe("ada");
    const disconnected = nextEvent(socket, "disconnect");
    await manager.revoke({ session: id });
    const refused = nextEvent(socket, "connect_error");
    expect(await disconnected).toMatch(/^transport/);
    // After the disconnection, the client automatically tries to connect again with its cookie.
    expect(await refused).toMatchObject({ message: "The session was revoked; log in again." });
    expect(socket.active).toBe(false);
  },
);

it("Socket.IO disconnects a client when another node revokes the client's session", async () => {
  const store = memoryStore();
  const url = await startServer(createManager(store));
  const otherNode = createManager(store);
  const { cookie } = await logIn(otherNode);
  const socket = openSocket(url, "websocket", { cookie });
  await nextEvent(socket, "connect");
  const disconnected = nextEvent(socket, "disconnect");
  await otherNode.revoke({ everyone: true });
  await disconnected;
});

it.each(TRANSPORTS)("Socket.IO over %s refuses a client that is not logged in", async (transport) => {
  const socket = openSocket(await startServer(createManager()), transport, {});
  expect(await nextEvent(socket, "connect_error")).toMatchObject({ message: "Log in first." });
  expect(socket.active).toBe(false);
});

it("Socket.IO refuses a WebSocket that a page on another subdomain opens, even with the visitor's cookie", async () => {
  const manager = createManager();
  const url = await startServer(manager);
  const { cookie } = await logIn(manager);
  const socket = openSocket(url, "websocket", {
    cookie,
    origin: "https://blog.app.example",
    host: "app.example",
  });
  expect(await nextEvent(socket, "connect_error")).toMatchObject({ message: "websocket error" });
  const own = openSocket(url, "websocket", { cookie, origin: "https://app.example", host: "app.example" });
  await nextEvent(own, "connect");
});

it("a login over Socket.IO's WebSocket is rejected, because no response can set the new cookie", async () => {
  const manager = createManager();
  const url = await startServer(manager);
  const { id, cookie } = await logIn(manager);
  const socket = openSocket(url, "websocket", { cookie });
  await nextEvent(socket, "connect");
  expect(await socket.emitWithAck("authenticate")).toBe("CONFLICT");
  expect((await manager.find(id))?.subject).toBe("ada");
});
