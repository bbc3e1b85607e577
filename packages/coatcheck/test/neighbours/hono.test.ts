import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { expect, it, vi } from "vitest";
import { coatcheck, type SessionEnv } from "../../src/http/hono.ts";
import { type Data, listen, newManager } from "./fixtures.ts";

function newApp() {
  const app = new Hono<SessionEnv<Data>>();
  app.use(coatcheck(newManager()));
  app.get("/account", async (c) => c.json({ subject: (await c.get("session").requireSubject()).subject }));
  return app;
}

const start = (app: ReturnType<typeof newApp>) =>
  listen(createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false })));

it("Hono's own error handler responds 500 and logs the error", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  const refused = await fetch(`${await start(newApp())}/account`);
  expect([refused.status, await refused.text()]).toEqual([500, "Internal Server Error"]);
  expect(log).toHaveBeenCalledWith(expect.objectContaining({ code: "SESSION_REQUIRED" }));
  log.mockRestore();
});

it("Hono's onError can respond with the status of a CoatcheckError", async () => {
  const app = newApp();
  app.onError((error, c) => {
    const { status = 500, message } = error as { status?: number; message: string };
    return c.json({ message }, status as 500);
  });
  const refused = await fetch(`${await start(app)}/account`);
  expect([refused.status, await refused.json()]).toEqual([401, { message: "Log in first." }]);
});
