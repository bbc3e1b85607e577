import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { coatcheck, type SessionListener } from "../../src/http/node/adapter.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";

interface Data {
  views?: number;
  theme?: string;
}

it("commit(headers) throws in the callback of update(), but the changes are stored when the response is sent", async () => {
  const errors: unknown[] = [];
  const { data } = await requestTo(async (request, response) => {
    const session = await request.session.load();
    session.data.theme = "dark";
    const update = session.update(async (before) => {
      await request.session.commit(new Headers());
      return before;
    });
    errors.push(await update.catch((error: unknown) => error));
    response.end();
  });
  expect(errors).toMatchObject([
    {
      name: "UsageError",
      message: expect.stringContaining("commit() would wait for update() to end"),
    },
  ]);
  expect(data).toEqual({ theme: "dark" });
});

it("if the callback of update() ends the response, the commit waits for update()", async () => {
  const { status, data } = await requestTo(async (request, response) => {
    const session = await request.session.load();
    await session.update(async (before) => {
      response.end();
      await Promise.resolve();
      return { ...before, views: 1 };
    });
  });
  expect(status).toBe(200);
  expect(data).toEqual({ views: 1 });
});

/** Sends one request with a session's cookie to `listener`. Returns the response's status and the stored data. */
async function requestTo(listener: SessionListener<Data>) {
  const manager = new SessionManager<Data>({ store: memoryStore(), secrets: ["a secret for these tests"] });
  const { record, token } = await manager.create();
  const server = createServer(coatcheck(manager)(listener)).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { status } = await fetch(`http://127.0.0.1:${port}`, { headers: { cookie: `__Host-sid=${token}` } });
  return { status, data: (await manager.find(record.id))?.data };
}
