import { expect, it } from "vitest";
import { coatcheck } from "../../src/http/hono.ts";
import { HttpSessions } from "../../src/http/http-sessions.ts";
import type { HttpOptions } from "../../src/http/options.ts";
import { SessionRoutes } from "../../src/http/routes/index.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";

const manager = new SessionManager({ store: memoryStore(), secrets: ["a secret for these tests"] });
const createHttp = (options: object) => new HttpSessions(manager, options as never);
const createRoutes = (options: object) =>
  new SessionRoutes(manager, { authenticate: () => null, ...options } as never);

it.each<[message: string, call: () => unknown]>([
  ['csrf.initPath must begin with "/" (got "session")', () => createHttp({ csrf: { initPath: "session" } })],
  ['csrf.initPath must be a path that does not end with "/"', () => createHttp({ csrf: { initPath: "/" } })],
  ['base must begin with "/" (got "session")', () => createRoutes({ base: "session" })],
  ['base must begin with "/" (got "")', () => createRoutes({ base: "" })],
  ['base must begin with "/" (got null)', () => createRoutes({ base: null })],
  ['base must be a path that does not end with "/"', () => createRoutes({ base: "/session/" })],
  ['migratePath must begin with "/" (got "x")', () => createRoutes({ migratePath: "x" })],
  ["events.maxPerSession must be 1 or more (got 0)", () => createRoutes({ events: { maxPerSession: 0 } })],
  [
    "outage.degraded.maxAge must be a positive number of milliseconds (got undefined)",
    () => createHttp({ outage: { degraded: {} } }),
  ],
  ["options of coatcheck(): must be an object (got null)", () => coatcheck(manager, null as never)],
  [
    'activity must be one of user, background, none (got "User")',
    () =>
      createHttp({ activity: () => "User" })
        .open(createRequest("/"))
        .load(),
  ],
])("an option value that could never work is rejected: %s", (message, call) => {
  expect(call).toThrow(
    expect.objectContaining({ name: "UsageError", message: expect.stringContaining(message) }),
  );
});

it.each<[path: string, csrf: HttpOptions["csrf"], outcome: string]>([
  ["/session/init", { token: "required" }, "accepted"],
  ["/api/session/init", { token: "required" }, "accepted"],
  ["/v1/init", { token: "required", initPath: "/v1/init" }, "accepted"],
  ["/v1/init?a=1", { token: "required", initPath: "/v1/init" }, "accepted"],
  ["/pay/v1/init", { token: "required", initPath: "/v1/init" }, "CSRF_MISSING"],
  ["/session/init", { token: "required", initPath: "/v1/init" }, "CSRF_MISSING"],
])(
  "a same-origin POST to %s without a token, with the CSRF options %o, is %s",
  async (path, csrf, outcome) => {
    const { token } = await manager.create();
    const session = createHttp({ csrf }).open(createRequest(path, "POST", token));
    const check = Promise.resolve().then(() => session.checkCsrf());
    expect(await check.then(() => "accepted").catch((error) => error.code)).toBe(outcome);
  },
);

function createRequest(url: string, method = "GET", token = "") {
  const headers: Record<string, string> = { "sec-fetch-site": "same-origin", cookie: `__Host-sid=${token}` };
  return { method, url, address: undefined, encrypted: true, header: (name: string) => headers[name] };
}
