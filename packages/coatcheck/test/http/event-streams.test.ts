import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import { EventStream } from "../../src/http/routes/event-stream.ts";
import { sendResponse } from "../../src/http/routes/node-exchange.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { startExpress, startSite } from "./routes-fixtures.ts";

it("send() cancels the body for a client that has disconnected", async () => {
  const cancelled = Promise.withResolvers<void>();
  const server = createServer((_request, response) => {
    response.destroy();
    sendResponse(new Response(new ReadableStream({ cancel: () => cancelled.resolve() })), response);
  }).listen(0, "127.0.0.1");
  try {
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
    await cancelled.promise;
  } finally {
    server.close();
  }
});

it("EventStream ends when its reader has stopped reading, so that its buffer stays small", () => {
  let endCount = 0;
  const context = { now: () => 0, interval: 1000, warnBefore: 0, onEnded: () => void endCount++ };
  const stream = new EventStream({ id: "an id", version: 1 }, context);
  for (let beats = 0; beats < 60; beats++) stream.sendHeartbeat();
  expect(endCount).toBe(0);
  for (let beats = 0; beats < 60; beats++) stream.sendHeartbeat();
  expect(endCount).toBe(1);
});

describe("two nodes with caches", () => {
  it("report a revocation by the other node within two seconds", async () => {
    const store = memoryStore();
    const site = await startSite(startExpress, {
      manager: { clock: { now: Date.now } },
      cache: (observed) => createCache({ store: observed }),
      routes: {
        clock: { now: Date.now },
        events: {
          schedule: (delay, task) => {
            const timer = setTimeout(task, delay);
            return () => clearTimeout(timer);
          },
        },
      },
      store,
    });
    const otherNode = new SessionManager({ store, secrets: ["the secret of these tests"] });
    try {
      const browser = site.browser();
      const id = (await browser.logIn()).data.session?.id;
      const stream = await browser.openEventStream();
      const reads = site.store.reads;
      const startedAt = performance.now();
      await otherNode.revoke({ subject: "ada" });
      expect(await stream.nextEvent()).toBe(`revoked ${id}`);
      const elapsed = performance.now() - startedAt;
      console.log(`revocation by another node reported after ${elapsed.toFixed()} ms`);
      expect(elapsed).toBeLessThan(2000);
      expect(site.store.reads - reads).toBeLessThanOrEqual(1);
    } finally {
      await site.close();
    }
  });
});
