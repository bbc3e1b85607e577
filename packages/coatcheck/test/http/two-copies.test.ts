/** Tests applications that have loaded this package twice, for example in two versions or after a hot reload. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { afterEach, expect, it, vi } from "vitest";
import { sessionErrors, sessionOf } from "../../src/http/express.ts";
import { CoatcheckError } from "../../src/session/errors.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { Session } from "../../src/session/session.ts";
import { UsageError } from "../../src/session/usage-error.ts";
import { memoryStore } from "../../src/store/memory.ts";

vi.resetModules();
const otherCopy = {
  ...(await import("../../src/http/express.ts")),
  ...(await import("../../src/session/errors.ts")),
  ...(await import("../../src/session/manager.ts")),
  ...(await import("../../src/session/usage-error.ts")),
};

const secrets = ["the secret of these tests"];
let server: Server | undefined;
afterEach(() => server?.close());

/**
 * Starts an application whose manager comes from this copy of the package, and whose middleware comes from the other
 * copy.
 */
async function startApp(
  handler: express.RequestHandler,
): Promise<(path: string, cookie?: string) => Promise<Response>> {
  const manager = new SessionManager({ store: memoryStore(), secrets });
  const app = express();
  app.use(otherCopy.coatcheck(manager, { cookie: { secure: false } }));
  app.post("/login", async (request, response) => {
    await (await otherCopy.sessionOf(request).load()).authenticate("ada");
    response.json("logged in");
  });
  app.get("/", handler);
  app.get("/guarded", otherCopy.requireSubject(), handler);
  app.use(sessionErrors());
  server = createServer(app);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return (path, cookie) =>
    fetch(url + path, { method: path === "/login" ? "POST" : "GET", headers: cookie ? { cookie } : {} });
}

async function logIn(send: Awaited<ReturnType<typeof startApp>>): Promise<string> {
  return (await send("/login")).headers.getSetCookie()[0]?.split(";")[0] ?? "";
}

it("middleware of another copy of the package opens the sessions of this copy's manager", async () => {
  const send = await startApp(async (request, response) => {
    response.json((await sessionOf(request).load()).subject);
  });
  const cookie = await logIn(send);
  expect(await (await send("/", cookie)).json()).toBe("ada");
  expect(await (await send("/guarded", cookie)).json()).toBe("ada");
});

it("sessionErrors() responds to errors of another copy of the package", async () => {
  const send = await startApp(() => {
    throw new otherCopy.CoatcheckError("RATE_LIMITED", "Too many.", { retryAfter: 3 });
  });
  const thrown = await send("/");
  expect([thrown.status, thrown.headers.get("retry-after")]).toEqual([429, "3"]);
  const refused = await send("/guarded");
  expect([refused.status, await refused.json()]).toMatchObject([
    401,
    { error: { code: "SESSION_REQUIRED" } },
  ]);
});

it("instanceof accepts errors and sessions of another copy of the package, but no other objects", () => {
  expect(otherCopy.CoatcheckError).not.toBe(CoatcheckError);
  expect(new otherCopy.CoatcheckError("CONFLICT", "")).toBeInstanceOf(CoatcheckError);
  expect(new otherCopy.UsageError("", [])).toBeInstanceOf(UsageError);
  expect(new otherCopy.SessionManager({ store: memoryStore(), secrets }).begin()).toBeInstanceOf(Session);
  expect(new otherCopy.UsageError("", [])).not.toBeInstanceOf(CoatcheckError);
  for (const value of [
    new Error("x"),
    null,
    undefined,
    "CONFLICT",
    { code: "CONFLICT" },
    Object.create(null),
  ]) {
    expect(value).not.toBeInstanceOf(CoatcheckError);
  }
});

it("instanceof of a subclass accepts only its own instances", () => {
  class LoginError extends CoatcheckError {}
  expect(new LoginError("CONFLICT", "")).toBeInstanceOf(CoatcheckError);
  expect(new LoginError("CONFLICT", "")).toBeInstanceOf(LoginError);
  expect(new CoatcheckError("CONFLICT", "")).not.toBeInstanceOf(LoginError);
});
