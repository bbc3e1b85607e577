import Koa from "koa";
import { expect, it } from "vitest";
import { coatcheck, sessionOf } from "../../src/http/node/adapter.ts";
import type { SessionManager } from "../../src/session/manager.ts";
import { createManager, type Data, logIn, startListening } from "./fixtures.ts";

/** Starts Koa with the `node:http` adapter and Koa's default error handler. */
async function startKoa(manager: SessionManager<Data>): Promise<string> {
  const app = new Koa();
  app.silent = true;
  app.use(async (context) => {
    const session = sessionOf<Data>(context.req);
    switch (context.path) {
      case "/account":
        context.body = { subject: (await session.requireSubject()).subject };
        return;
      case "/theme":
        (await session.load()).data.theme = "dark";
        context.status = 204;
        return;
      case "/elevated":
        await session.requireElevated("payments");
        return;
      default:
        context.throw(404, "nothing here");
    }
  });
  const handle = app.callback();
  return await startListening(coatcheck(manager)((request, response) => handle(request, response)));
}

it("Koa's error handler responds 401 for a guarded route, and the server keeps running", async () => {
  const manager = createManager();
  const url = await startKoa(manager);
  const { cookie } = await logIn(manager);
  for (let round = 0; round < 2; round++) {
    const response = await fetch(`${url}/account`);
    expect([response.status, await response.text()]).toEqual([401, "Log in first."]);
  }
  const account = await fetch(`${url}/account`, { headers: { cookie } });
  expect(await account.json()).toEqual({ subject: "ada" });
  const elevated = await fetch(`${url}/elevated`, { headers: { cookie } });
  expect([elevated.status, await elevated.text()]).toEqual([
    403,
    'Re-authenticate to continue: "payments" requires a recent confirmation of your identity.',
  ]);
});

it("Koa emits the event `error` with a CoatcheckError that has the fields of an http-errors error", async () => {
  const manager = createManager();
  const app = new Koa();
  const emitted: unknown[] = [];
  app.on("error", (error) => emitted.push(error));
  app.use(async (context) => {
    await sessionOf(context.req).requireSubject();
  });
  const handle = app.callback();
  const url = await startListening(coatcheck(manager)((request, response) => handle(request, response)));
  expect((await fetch(url)).status).toBe(401);
  expect(emitted).toMatchObject([{ code: "SESSION_REQUIRED", status: 401, statusCode: 401, expose: true }]);
});

it("Coatcheck saves assigned data before Koa sends the response headers", async () => {
  const manager = createManager();
  const url = await startKoa(manager);
  const response = await fetch(`${url}/theme`);
  expect(response.status).toBe(204);
  expect(response.headers.get("set-cookie")).toMatch(/^__Host-sid=/);
  const { records } = await manager.list({}, { limit: 10 });
  expect(records.map(({ data }) => data)).toEqual([{ theme: "dark" }]);
});
