import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { HTTPException } from "hono/http-exception";
import { afterEach, describe, expect, it, vi } from "vitest";
import { coatcheck, type SessionEnv, sessionErrors } from "../../src/http/hono.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";

interface Data {
  tries?: number;
}

const manager = new SessionManager<Data>({ store: memoryStore(), secrets: ["the secret of these tests"] });

type App = Hono<SessionEnv<Data>>;

/** Creates an application whose handlers throw. Some of them change the session before they throw. */
function createApp(register: (app: App) => unknown): App {
  const app: App = new Hono();
  app.use(coatcheck(manager, { addressOf: () => "127.0.0.1" }));
  register(app);
  app.get("/bug", () => {
    throw new Error("a bug");
  });
  app.get("/forbidden", () => {
    throw new HTTPException(403, { message: "not yours" });
  });
  app.get("/basic", basicAuth({ username: "ada", password: "secret" }), (c) => c.text("passed"));
  app.get("/login", async (c) => {
    const session = await c.get("session").load();
    session.data.tries = 1;
    await session.authenticate("ada");
    throw new HTTPException(402, { message: "pay first" });
  });
  app.get("/logout", async (c) => {
    await (await c.get("session").load()).revoke();
    throw new Error("failed after the logout");
  });
  app.get("/guarded", async (c) => c.text(`${(await c.get("session").requireSubject()).subject}`));
  return app;
}

const withSessionCookie = (token: string) => ({ headers: { cookie: `__Host-sid=${token}` } });

afterEach(() => vi.restoreAllMocks());

describe("sessionErrors() of Hono", () => {
  it("leaves other errors to Hono's default: the same response and the same log as without an error handler", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const outcomeOf = async (app: App, path: string) => {
      logged.mockClear();
      const response = await app.request(`http://localhost${path}`);
      const headers = [response.headers.get("www-authenticate"), response.headers.get("content-type")];
      const messages = logged.mock.calls.map(([error]) => (error as Error).message);
      return { status: response.status, body: await response.text(), headers, messages };
    };
    const plain = createApp(() => undefined);
    const handled = createApp((app) => app.onError(sessionErrors()));
    for (const path of ["/bug", "/forbidden", "/basic"]) {
      expect(await outcomeOf(handled, path), path).toEqual(await outcomeOf(plain, path));
    }
    expect(await outcomeOf(handled, "/bug")).toMatchObject({
      status: 500,
      body: "Internal Server Error",
      messages: ["a bug"],
    });
    expect((await outcomeOf(handled, "/guarded")).status).toBe(401);
  });

  it("calls the application's own handler only for errors that are not session errors", async () => {
    const app = createApp(({ onError }) => onError(sessionErrors((error, c) => c.text(error.message, 418))));
    const bug = await app.request("http://localhost/bug");
    expect([bug.status, await bug.text()]).toEqual([418, "a bug"]);
    expect((await app.request("http://localhost/guarded")).status).toBe(401);
  });

  it("throws an error if it is passed to Hono without being called", async () => {
    expect(() => sessionErrors(new Error("a bug") as never)).toThrow(
      /mount sessionErrors\(\), with the parent/,
    );
  });
});

const HANDLERS: readonly [string, (app: App) => unknown][] = [
  ["no error handler", () => undefined],
  ["sessionErrors()", (app) => app.onError(sessionErrors())],
  [
    "an error handler that fails the first time",
    (app) => {
      let calls = 0;
      app.onError((error, c) => {
        if (calls++ === 0) throw error;
        return c.text("failed", 500);
      });
    },
  ],
];

describe.each(HANDLERS)("an error of a Hono handler, with %s,", (_name, register) => {
  it("does not undo a login: the response still sets the cookie, and the data is stored", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { token, record } = await manager.create();
    const response = await createApp(register).request("http://localhost/login", withSessionCookie(token));
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-sid=[\w-]{50};/)]);
    expect(await manager.find(record.id)).toMatchObject({ subject: "ada", data: { tries: 1 } });
  });

  it("does not undo a logout: the response still clears the cookie", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { token } = await manager.create({ subject: "ada" });
    const response = await createApp(register).request("http://localhost/logout", withSessionCookie(token));
    expect(response.status).toBe(500);
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-sid=; Max-Age=0;/)]);
    expect(response.headers.get("clear-site-data")).toContain("storage");
  });
});
