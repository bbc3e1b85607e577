import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { SessionManager } from "../../src/session/manager.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";

/** The session data in these tests. */
export interface Data {
  theme?: string;
  saved?: boolean;
  cart?: { apple?: number; pear?: number; boxes?: { size: number }[] };
}

/** Creates a manager on a memory store. It is closed when the test ends. */
export function createManager(store: SessionStore = memoryStore()): SessionManager<Data> {
  const manager = new SessionManager<Data>({ store, secrets: ["the secret of these tests"] });
  onTestFinished(() => manager.close());
  return manager;
}

/** Starts a server on a free port of this machine, and closes it when the test ends. Returns the server's URL. */
export async function startListening(listener: RequestListener | Server): Promise<string> {
  const server = typeof listener === "function" ? createServer(listener) : listener;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Returns the `Cookie` header for a session token. */
export function cookieHeader(token: string): string {
  return `__Host-sid=${token}`;
}

/** Creates a logged-in session. Returns its id and its `Cookie` header. */
export async function logIn(manager: SessionManager<Data>, subject = "ada") {
  const { record, token } = await manager.create({ subject });
  return { id: record.id, cookie: cookieHeader(token), token };
}
