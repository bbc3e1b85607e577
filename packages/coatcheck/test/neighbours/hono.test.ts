import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { expect, it, vi } from "vitest";
import { coatcheck, type SessionEnv } from "../../src/http/hono.ts";
import { createManager, type Data, startListening } from "./fixtures.ts";

function createApp() {
  const app = new Hono<SessionEnv<Data>>();
  app.use(coatcheck(createManager()));
  app.get("/account", async (c) => c.json({ subject: (await c.get("session").requireSubject()).subject }));
  return app;
}

const startApp = (app: ReturnType<typeof createApp>) =>
  startListening(createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false })));

it("Hono's own error handler responds 500 and logs the error", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => {});
  const refused = await fetch(`${await startApp(createApp())}/account`);
  expect([refused.status, await refused.text()]).toEqual([500, "Internal Server Error"]);
  expect(log).toHaveBeenCalledWith(expect.objectContaining({ code: "SESSION_REQUIRED" }));
  log.mockRestore();
});

it("an error handler for Hono's onError can respond with the status of a CoatcheckError", async () => {
  const app = createApp();
  app.onError((error, c) => {
    const { status = 500, message } = error as { status?: number; message: string };
    return c.json({ message }, status as 500);
  });
  const refused = await fetch(`${await startApp(app)}/account`);
  expect([refused.status, await refused.json()]).toEqual([401, { message: "Log in first." }]);
});
