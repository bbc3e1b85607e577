import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defineContext, loader } from "../../src/context/index.ts";
import { type HttpOptions, HttpSessions } from "../../src/http/index.ts";
import type { AdapterServer, Exchange, Routes, StartAdapter } from "../../src/testing/adapter-suite.ts";
import { startExpress5, startFastify, startHono, startNode } from "../http/adapter-fixtures.ts";
import { MINUTE, Site } from "./fixtures.ts";

/** An API whose requests are authenticated by JWTs. Routes below `/stateless/` have no session. */
class Api {
  readonly site = new Site();
  readonly users = new Map([["ada", { id: "ada", name: "Ada" }]]);
  queries = 0;
  #server: AdapterServer | null = null;
  readonly #context = this.#defineContext();

  async start(start: StartAdapter, more: HttpOptions = {}): Promise<void> {
    const options = {
      ...more,
      jwt: this.site.jwts,
      sessionless: ({ url }: { readonly url: string }) => url.startsWith("/stateless/"),
    };
    this.#server = await start(this.site.manager as never, options, this.#routes());
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  async request(path: string, { token, method = "GET", headers = {} }: Request = {}): Promise<Response> {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return await fetch(`${this.#server?.url}${path}`, { method, headers: { ...authorization, ...headers } });
  }

  #defineContext() {
    const user = loader({
      reference: ({ subject }) => subject,
      load: (id: string) => {
        this.queries++;
        return this.users.get(id) ?? null;
      },
    });
    return defineContext({ user }, { cache: this.site.cache, clock: this.site.clock });
  }

  #routes(): Routes {
    const { jwts } = this.site;
    return {
      "/login": {
        handle: async (exchange) => {
          const session = await exchange.session.load();
          await session.authenticate("ada");
          return json(exchange, await jwts.issue(session));
        },
      },
      "/refresh": {
        handle: async (exchange) =>
          json(exchange, await jwts.refresh(await exchange.session.requireSubject())),
      },
      "/logout": {
        handle: async (exchange) => {
          const session = await exchange.session.requireSubject();
          await jwts.deny(await exchange.session.requireJwt());
          await session.revoke();
          return exchange.reply(204, {});
        },
      },
      // Returns the user from the database, bypassing the cache.
      "/user": {
        guard: "subject",
        handle: async (exchange) => {
          const session = await exchange.session.requireSubject();
          return json(exchange, await this.#context.of(session).user({ reset: true }));
        },
      },
      "/theme": {
        handle: async (exchange) => {
          const session = await exchange.session.requireSubject();
          session.data.theme = "dark";
          return json(exchange, { id: session.id });
        },
      },
      "/stateless/user": {
        handle: async (exchange) => {
          const { subject, tenant } = await exchange.session.requireJwt();
          return json(exchange, await this.#context.of({ subject, tenant, data: {} }).user());
        },
      },
      "/stateless/load": {
        handle: async (exchange) => {
          try {
            return json(exchange, await exchange.session.load());
          } catch (error) {
            return exchange.reply(500, {}, (error as Error).message);
          }
        },
      },
    };
  }
}

interface Request {
  readonly token?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function json(exchange: Exchange, body: unknown): unknown {
  return exchange.reply(200, { "content-type": "application/json" }, JSON.stringify(body));
}

const adapters: [name: string, start: StartAdapter][] = [
  ["Express", startExpress5],
  ["Fastify", startFastify],
  ["Hono", startHono],
  ["node:http", startNode],
];

describe.for(adapters)("JWTs with %s", ([, start]) => {
  const api = new Api();
  const logIn = async () => {
    const response = await api.request("/login", { method: "POST" });
    const { token } = (await response.json()) as { token: string };
    return { token, cookie: response.headers.getSetCookie()[0]?.split(";")[0] ?? "" };
  };

  beforeAll(async () => await api.start(start));
  afterAll(async () => await api.close());

  it("authenticate a request without a cookie, which then uses the session that the login created", async () => {
    const { token, cookie } = await logIn();
    const byJwt = await api.request("/theme", { token, method: "POST" });
    expect(byJwt.status).toBe(200);
    expect(byJwt.headers.getSetCookie()).toEqual([]);
    expect(byJwt.headers.get("x-session-token")).toBeNull();
    expect(byJwt.headers.get("vary")).toContain("Authorization");
    const byCookie = await api.request("/theme", { method: "POST", headers: { cookie } });
    expect(await byCookie.json()).toEqual(await byJwt.json());
  });

  it("exempt a request from the CSRF checks, and take precedence over a cookie", async () => {
    const { token } = await logIn();
    const { cookie } = await logIn();
    const headers = { cookie, origin: "https://elsewhere.example", "sec-fetch-site": "cross-site" };
    expect((await api.request("/theme", { token, method: "POST", headers })).status).toBe(200);
    expect((await api.request("/theme", { method: "POST", headers })).status).toBe(403);
  });

  it("cause a 401 with an error code and WWW-Authenticate if they are invalid, even if the request has a valid cookie", async () => {
    const { token, cookie } = await logIn();
    const [header, payload] = token.split(".");
    for (const forged of [`${header}.${payload}.`, `${token}x`, "a.b.c"]) {
      const response = await api.request("/user", { token: forged, headers: { cookie } });
      expect([response.status, response.headers.get("www-authenticate")]).toEqual([
        401,
        'Bearer error="invalid_token"',
      ]);
      expect(await response.json()).toMatchObject({ success: false, error: { code: "JWT_INVALID" } });
      expect(response.headers.getSetCookie()).toEqual([]);
    }
  });

  it("authenticate GET /user, which returns the user with the latest changes", async () => {
    const { token } = await logIn();
    expect(await (await api.request("/user", { token })).json()).toMatchObject({ name: "Ada" });
    api.users.set("ada", { id: "ada", name: "Ada L." });
    expect(await (await api.request("/user", { token })).json()).toMatchObject({ name: "Ada L." });
    api.users.set("ada", { id: "ada", name: "Ada" });
  });

  it("are rejected after a logout, like the cookie of the session", async () => {
    const { token, cookie } = await logIn();
    expect((await api.request("/logout", { token, method: "POST" })).status).toBe(204);
    for (const path of ["/user", "/stateless/user", "/refresh"]) {
      const response = await api.request(path, { token });
      expect([response.status, (await response.json()).error.code]).toEqual([401, "SESSION_REVOKED"]);
    }
    expect((await api.request("/user", { headers: { cookie } })).status).toBe(401);
  });

  it("can be refreshed with a JWT or with the session cookie, but not without a login", async () => {
    const { token, cookie } = await logIn();
    for (const credentials of [{ token }, { headers: { cookie } }]) {
      const response = await api.request("/refresh", credentials);
      const next = (await response.json()) as { token: string };
      expect((await api.request("/user", { token: next.token })).status).toBe(200);
    }
    expect((await api.request("/refresh")).status).toBe(401);
  });

  it("can be used after their session has expired, until the JWT itself expires", async () => {
    const { token, cookie } = await logIn();
    api.site.clock.pass(3 * MINUTE);
    expect((await api.request("/user", { headers: { cookie } })).status).toBe(401);
    expect((await api.request("/user", { token })).status).toBe(200);
    api.site.clock.pass(8 * MINUTE);
    const response = await api.request("/user", { token });
    expect((await response.json()).error.code).toBe("JWT_EXPIRED");
  });

  it("neither create nor load a session on sessionless routes", async () => {
    const { token, cookie } = await logIn();
    await api.request("/stateless/user", { token });
    const { total } = await api.site.manager.stats();
    const { queries } = api;
    const { reads } = api.site.countingStore;
    for (let request = 0; request < 10; request++) {
      const response = await api.request("/stateless/user", { token, headers: { cookie } });
      expect(await response.json()).toEqual({ id: "ada", name: "Ada" });
      expect(response.headers.getSetCookie()).toEqual([]);
    }
    expect([api.queries, api.site.countingStore.reads]).toEqual([queries, reads]);
    expect((await api.site.manager.stats()).total).toBe(total);
    // On sessionless routes, a cookie does not authenticate a request, and a handler must not load the session.
    expect((await api.request("/stateless/user", { headers: { cookie } })).status).toBe(401);
    const load = await api.request("/stateless/load", { headers: { cookie } });
    expect([load.status, await load.text()]).toEqual([500, expect.stringContaining("option sessionless")]);
  });
});

describe("an application with JWTs", () => {
  it("rejects an invalid JWT even with the outage policy `anonymous`", async () => {
    const api = new Api();
    await api.start(startNode, { outage: "anonymous" });
    expect((await api.request("/login", { token: "a.b.c", method: "POST" })).status).toBe(401);
    await api.close();
  });

  it("requires no CSRF token on sessionless routes, even with a cookie, but still checks the origin", async () => {
    const api = new Api();
    await api.start(startNode, { csrf: { token: "required" } });
    const login = await api.request("/login", { method: "POST" });
    const { token } = (await login.json()) as { token: string };
    const cookie = login.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const post = (path: string, headers: object) =>
      api.request(path, { method: "POST", headers: { cookie, ...headers } });
    expect((await post("/theme", {})).status).toBe(403);
    expect((await (await post("/stateless/user", {})).json()).error.code).toBe("SESSION_REQUIRED");
    expect((await post("/stateless/user", { "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await post("/stateless/user", { authorization: `Bearer ${token}` })).status).toBe(200);
    await api.close();
  });
});

describe("coatcheck()", () => {
  it("rejects an option `jwt` that is not a verifier, and an option `sessionless` that is not a function", () => {
    const { manager } = new Site();
    expect(() => new HttpSessions(manager, { jwt: {} as never })).toThrow(
      "jwt must be the result of createJwts()",
    );
    expect(() => new HttpSessions(manager, { sessionless: true as never })).toThrow(
      "sessionless must be a function",
    );
  });
});
