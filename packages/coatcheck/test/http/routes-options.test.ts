import { afterEach, describe, expect, it } from "vitest";
import {
  type Site,
  type StartRoutes,
  startExpress,
  startExpressWithBodyParser,
  startFastify,
  startHono,
  startSite,
} from "./routes-fixtures.ts";

const DAY = 24 * 60 * 60_000;

const FRAMEWORKS: readonly [string, StartRoutes][] = [
  ["Express", startExpress],
  ["Express with a body parser", startExpressWithBodyParser],
  ["Fastify", startFastify],
  ["Hono", startHono],
];

describe.each(FRAMEWORKS)("the session endpoints with options on %s", (_name, start) => {
  let site: Site;
  afterEach(() => site.close());

  it("call `authenticate` with credentials, metadata and request, and return the user that it returns", async () => {
    const received: unknown[] = [];
    site = await startSite(start, {
      routes: {
        authenticate: (credentials, request, metadata) => {
          received.push(credentials, metadata, request.header("user-agent"), request.session.client.address);
          return { subject: "7", tenant: "acme", rememberMe: true, user: { name: "preloaded" } };
        },
        user: (subject) => ({ name: `user ${subject}` }),
        needsOnboarding: (subject) => subject === "7",
      },
    });
    const browser = site.browser("a robot");
    const { data, headers } = await browser.send("POST /session", {
      credentials: { pin: 12 },
      metadata: { from: "kiosk" },
    });
    expect(received).toEqual([{ pin: 12 }, { from: "kiosk" }, "a robot", "127.0.0.1"]);
    expect(data).toMatchObject({ user: { name: "preloaded" }, needsOnboarding: true });
    expect(data.session).toMatchObject({ tenant: "acme", expiresInMs: 30 * DAY });
    expect(headers.getSetCookie().some((line) => line.includes("Max-Age="))).toBe(true);
    expect((await browser.send("GET /session")).data).toMatchObject({ user: { name: "user 7" } });
  });

  it("respond under the configured paths", async () => {
    site = await startSite(start, {
      http: { csrf: { token: "required", initPath: "/api/auth/session-v2/init" } },
      routes: {
        base: "/api/auth/session-v2",
        migratePath: "/api/auth/migrate-session",
      },
    });
    const browser = site.browser();
    expect((await browser.fetch("GET /session")).status).toBe(404);
    await browser.send("POST /api/auth/session-v2/init");
    browser.csrfToken = null;
    expect((await browser.send("POST /api/auth/session-v2/init")).status).toBe(200);
    const { data } = await browser.send("POST /api/auth/migrate-session");
    expect(data.status).toBe("anonymous");
    expect((await browser.send("POST /api/auth/session-v2/migrate")).data).toEqual(data);
    const login = { email: "ada", password: "secret" };
    expect((await browser.send("POST /api/auth/session-v2", login)).data.status).toBe("authenticated");
    expect((await browser.send("GET /api/auth/session-v2/devices")).status).toBe(200);
  });

  it("pass an unexpected error of the application to the framework", async () => {
    site = await startSite(start, {
      routes: {
        authenticate: () => {
          throw new Error("The user directory is unavailable.");
        },
      },
    });
    const response = await site.browser().fetch("POST /session", { email: "ada", password: "secret" });
    expect(response.status).toBe(500);
  });
});
