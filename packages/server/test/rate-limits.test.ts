import { CoatcheckError } from "coatcheck";
import { afterEach, describe, expect, test } from "vitest";
import { DEFAULT_LIMITS, RateLimiter } from "../src/rate-limiter.ts";
import { ADMIN_TOKEN, API_KEYS } from "./fixtures.ts";
import { buildObservedApp, type ObservedApp } from "./observed-app.ts";

describe("RateLimiter", () => {
  test("rejects the requests of a key that exceed the maximum, until the window ends", () => {
    let now = 0;
    const limiter = new RateLimiter(2, "Too many.", () => now);
    limiter.count("a");
    now = 20_500;
    limiter.count("a");
    expect(() => limiter.count("a")).toThrow(
      expect.objectContaining({ code: "RATE_LIMITED", message: "Too many.", retryAfter: 40 }),
    );
    limiter.count("b");
    now = 60_000;
    limiter.count("a");
    limiter.count("a");
    expect(() => limiter.count("a")).toThrow(CoatcheckError);
  });

  test("rejects no request if the maximum is 0", () => {
    const limiter = new RateLimiter(0, "Too many.", () => 0);
    for (let count = 0; count < 10; count++) limiter.count("a");
  });

  test("forgets the oldest windows if there are too many keys", () => {
    let now = 0;
    const limiter = new RateLimiter(1, "Too many.", () => now);
    limiter.count("first");
    for (let key = 0; key < 100_000; key++) {
      now = key / 10;
      limiter.count(String(key));
    }
    limiter.count("first");
    expect(() => limiter.count("99999")).toThrow(CoatcheckError);
  });

  test("allows 400 parallel writes of one session by default", () => {
    expect(DEFAULT_LIMITS.session).toBeGreaterThanOrEqual(400);
  });
});

describe("the API", () => {
  let observed: ObservedApp;
  afterEach(() => observed.close());

  async function statuses(
    count: number,
    request: { url: string; headers?: Record<string, string>; remoteAddress?: string },
  ) {
    const responses = [];
    for (let sent = 0; sent < count; sent++) responses.push(await observed.app.inject(request));
    const limited = responses.find(({ statusCode }) => statusCode === 429);
    if (limited) {
      expect(limited.json().error.code).toBe("RATE_LIMITED");
      expect(Number(limited.headers["retry-after"])).toBeGreaterThan(0);
    }
    return responses.map(({ statusCode }) => statusCode);
  }

  const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

  async function created(headers: Record<string, string>) {
    const payload = { transport: "bearer" };
    const { data } = (
      await observed.app.inject({ method: "POST", url: "/api/v1/sessions", headers, payload })
    ).json();
    return { url: `/api/v1/sessions/${data.sessionId}`, token: data.token };
  }

  test("limits the requests with the token of one session, and the requests of one consumer for one session", async () => {
    observed = await buildObservedApp({ rateLimits: { session: 3, address: 0 } });
    const { url, token } = await created(bearer(API_KEYS.slack));
    const other = await created(bearer(API_KEYS.slack));
    expect(await statuses(4, { url, headers: bearer(token) })).toEqual([200, 200, 200, 429]);
    expect(await statuses(4, { url, headers: bearer(API_KEYS.slack) })).toEqual([200, 200, 200, 429]);
    expect(await statuses(3, { url: other.url, headers: bearer(API_KEYS.slack) })).toEqual([200, 200, 200]);
    expect(await statuses(5, { url, headers: bearer(ADMIN_TOKEN) })).toEqual([200, 200, 200, 200, 200]);
  });

  test("does not count requests of other callers toward the limit of a session", async () => {
    observed = await buildObservedApp({ rateLimits: { session: 3, address: 0 } });
    const { url, token } = await created(bearer(API_KEYS.slack));
    expect(await statuses(5, { url })).toEqual([404, 404, 404, 404, 404]);
    expect(await statuses(4, { url, headers: bearer(API_KEYS.shop) })).toEqual([404, 404, 404, 429]);
    expect(await statuses(1, { url, headers: bearer(token) })).toEqual([200]);
  });

  test("limits requests with an older token separately from requests with the session's current token", async () => {
    observed = await buildObservedApp({ rateLimits: { session: 3, address: 0 } });
    const { record, token: older } = await observed.manager.create();
    const { token } = await observed.manager.authenticate(record.id, "ann");
    const url = `/api/v1/sessions/${record.id}`;
    expect(await statuses(4, { url, headers: bearer(older) })).toEqual([409, 409, 409, 429]);
    expect(await statuses(4, { url, headers: bearer(token) })).toEqual([200, 200, 200, 429]);
  });

  test("limits the requests without a key from one IP address", async () => {
    observed = await buildObservedApp({ rateLimits: { session: 0, address: 2 } });
    const { url } = await created(bearer(API_KEYS.slack));
    for (const path of [url, "/metrics"]) {
      expect((await statuses(3, { url: path, remoteAddress: `192.0.2.${path.length}` })).at(-1)).toBe(429);
    }
    expect(await statuses(3, { url, headers: bearer("a-wrong-key-of-anybody") })).toEqual([401, 401, 429]);
    expect(await statuses(3, { url, headers: bearer(API_KEYS.slack) })).toEqual([200, 200, 200]);
    expect(await statuses(3, { url: "/ready" })).toEqual([200, 200, 200]);
  });

  test.each([
    ["2001:db8:0:1::1", "2001:0DB8:0000:0001:ffff::2", 429],
    ["2001:db8:0:1::1", "2001:db8:0:2::1", 404],
    ["192.0.2.1", "::ffff:192.0.2.1", 429],
    ["192.0.2.1", "192.0.2.2", 404],
  ])(
    "groups IPv6 addresses by network: after %s has reached its limit, a request from %s responds %i",
    async (one, other, status) => {
      observed = await buildObservedApp({ rateLimits: { session: 0, address: 1 }, trustProxy: 1 });
      const url = "/api/v1/sessions/00000000-0000-4000-8000-000000000000";
      expect(await statuses(1, { url, headers: { "x-forwarded-for": one } })).toEqual([404]);
      expect(await statuses(1, { url, headers: { "x-forwarded-for": other } })).toEqual([status]);
    },
  );
});
