import { describe, expect, it } from "vitest";
import {
  createDeferred,
  Network,
  noSession,
  openClient,
  Page,
  sessionView,
  successResponse,
  TestClock,
  untilHandled,
} from "./fixtures.ts";

const GET = "GET /session";

describe("getSession()", () => {
  it("sends one request for ten concurrent calls, and no request before the first call", async () => {
    const network = new Network().on(GET, () => successResponse(sessionView("s1")));
    const client = openClient(network);
    expect(client.$session.get().status).toBe("pending");
    expect(network.requests).toHaveLength(0);
    const sessions = await Promise.all(Array.from({ length: 10 }, () => client.getSession()));
    expect(new Set(sessions.map((session) => session?.id))).toEqual(new Set(["s1"]));
    await client.getSession();
    expect(network.requests).toHaveLength(1);
    expect(client.getMetrics()).toMatchObject({ hits: 1, misses: 10, deduped: 9, fetches: 1 });
  });

  it("sends a new request after a newer view has cancelled the one in flight", async () => {
    const sent = createDeferred();
    const network = new Network().on(GET, ({ signal }) => {
      sent.resolve();
      return new Promise((_, reject) => {
        signal.onabort = () => reject(signal.reason);
      });
    });
    const client = openClient(network);
    const first = client.getSession();
    await sent.promise;
    client.hydrate(sessionView("s1"));
    network.on(GET, () => successResponse(sessionView("s2")));
    const second = client.getSession({ fresh: true });
    expect((await second)?.id).toBe("s2");
    await first;
    expect(network.count(GET)).toBe(2);
  });

  it("sends no request while the server-rendered state is fresh", async () => {
    const network = new Network();
    const client = openClient(network, { initialState: sessionView("s1") });
    expect(client.$session.get().status).toBe("authenticated");
    expect((await client.getSession())?.id).toBe("s1");
    expect(network.requests).toHaveLength(0);
  });

  it("sends a request if `fresh` is true, if clearCache() was called, or if the view is stale", async () => {
    const clock = new TestClock();
    const network = new Network().on(GET, () => successResponse(sessionView("s1")));
    const client = openClient(network, { clock, initialState: sessionView("s1") });
    await client.getSession({ fresh: true });
    client.clearCache();
    await client.getSession();
    expect(network.requests).toHaveLength(2);
    clock.advance(299_999);
    await client.getSession();
    expect(network.requests).toHaveLength(2);
    clock.advance(1);
    await client.getSession();
    expect(network.requests).toHaveLength(3);
  });

  it("does not notify subscribers of an unchanged view", async () => {
    const network = new Network().on(GET, () =>
      successResponse(sessionView("s1", { name: "Ada" }, { expiresInMs: 5000, rev: 7 })),
    );
    const client = openClient(network, { initialState: sessionView("s1", { name: "Ada" }, { rev: 7 }) });
    const before = client.$session.get();
    let notified = 0;
    client.$session.listen(() => notified++);
    await client.getSession({ fresh: true });
    expect([notified, client.$session.get() === before]).toEqual([0, true]);
    expect(client.expiresIn()).toBeLessThanOrEqual(5000);
  });

  it("ignores a view of the same session with a lower `rev`", async () => {
    const network = new Network().on(GET, () =>
      successResponse(sessionView("s1", { name: "Old" }, { rev: 4 })),
    );
    const client = openClient(network, { initialState: sessionView("s1", { name: "New" }, { rev: 5 }) });
    await client.getSession({ fresh: true });
    expect(client.$session.get().user).toEqual({ name: "New" });
  });

  it("updates the counters, durations and cache tiers that getMetrics() returns", async () => {
    const network = new Network().on(GET, () =>
      successResponse(sessionView("s1"), { "server-timing": 'session;desc="shared";dur=1.8, total;dur=3' }),
    );
    const clock = new TestClock();
    network.on("GET /session?touch", () => successResponse(sessionView("s1")));
    const client = openClient(network, {
      clock,
      transport: (request) => {
        clock.advance(12);
        return network.send(request);
      },
    });
    await client.getSession();
    await client.getSession();
    expect(client.getMetrics()).toMatchObject({ cacheHitRate: 50, p50: 12, p95: 12, byTier: { shared: 1 } });
  });

  it("sends a request immediately after the machine's clock was set back", async () => {
    const clock = new TestClock();
    clock.set(1e12);
    const network = new Network().on(GET, () => successResponse(sessionView("s1")));
    const client = openClient(network, { clock, initialState: sessionView("s1") });
    clock.set(1e12 - 86_400_000);
    await client.getSession();
    expect(network.requests).toHaveLength(1);
  });
});

describe("a refresh that the client starts by itself", () => {
  it("is sent only for a stale view, at most every five seconds", async () => {
    const clock = new TestClock();
    const page = new Page();
    const network = new Network().on(GET, () =>
      successResponse(sessionView("s1", null, { expiresInMs: 1e9 })),
    );
    const client = openClient(network, { clock, page });
    await client.getSession();
    page.show();
    await untilHandled();
    expect(network.requests).toHaveLength(1);
    clock.advance(300_000);
    page.show();
    page.dispatch("online");
    await untilHandled();
    expect(network.requests).toHaveLength(2);
    client.clearCache();
    page.show();
    await untilHandled();
    expect(network.requests).toHaveLength(2);
    clock.advance(5_000);
    await untilHandled();
    expect(network.requests).toHaveLength(3);
  });

  it("can be switched off with the option `revalidate`", async () => {
    const clock = new TestClock();
    const page = new Page();
    const network = new Network().on(GET, () =>
      successResponse(sessionView("s1", null, { expiresInMs: 1e9 })),
    );
    openClient(network, { clock, page, revalidate: { focus: false, reconnect: false, crossTab: false } });
    clock.advance(1e6);
    page.show();
    page.dispatch("offline");
    page.dispatch("online");
    await untilHandled();
    expect(network.requests).toHaveLength(0);
  });

  it("is sent when the duration from the server has passed, even if the browser's clock is wrong", async () => {
    const clock = new TestClock();
    clock.set(Date.UTC(1999, 0, 1));
    const network = new Network().on(GET, () => successResponse(noSession));
    const client = openClient(network, {
      clock,
      initialState: sessionView("s1", null, { expiresInMs: 60_000 }),
    });
    expect(client.expiresIn()).toBe(60_000);
    clock.advance(59_999);
    await untilHandled();
    expect(network.requests).toHaveLength(0);
    clock.advance(1);
    await untilHandled();
    expect(client.$session.get().status).toBe("none");
  });

  it("is not repeated in a loop for a session whose remaining time is 0", async () => {
    const clock = new TestClock();
    const network = new Network().on(GET, () => successResponse(sessionView("s1", null, { expiresInMs: 0 })));
    await openClient(network, { clock }).getSession();
    for (let step = 0; step < 10; step++) {
      clock.advance(1_000);
      await untilHandled();
    }
    expect(network.requests.length).toBeLessThanOrEqual(3);
  });

  it("is sent when the page is shown after the clock was set back", async () => {
    const clock = new TestClock();
    clock.set(1e12);
    const page = new Page();
    const network = new Network().on(GET, () => successResponse(sessionView("s1")));
    const client = openClient(network, { clock, page });
    await client.getSession();
    clock.set(1e12 - 86_400_000);
    page.show();
    await untilHandled();
    expect(network.requests).toHaveLength(2);
  });
});

describe("a page from the back/forward cache", () => {
  it("has status `pending` until the server responds", async () => {
    const page = new Page();
    const response = createDeferred<Response>();
    const client = openClient(
      new Network().on(GET, () => response.promise),
      { page, initialState: sessionView("s1") },
    );
    page.dispatch("pageshow", { persisted: false });
    expect(client.$session.get().status).toBe("authenticated");
    page.dispatch("pageshow", { persisted: true });
    expect(client.$session.get().status).toBe("pending");
    response.resolve(successResponse(noSession));
    await untilHandled();
    expect(client.$session.get().status).toBe("none");
  });
});

describe("a subscriber that throws", () => {
  it("causes no second request", async () => {
    const network = new Network().on(GET, () => successResponse(sessionView("s1")));
    const client = openClient(network);
    client.$session.listen(() => {
      throw new Error("thrown by the subscriber");
    });
    await expect(client.getSession()).rejects.toThrow("thrown by the subscriber");
    expect(network.requests).toHaveLength(1);
  });
});

describe("a change of subject", () => {
  it("reloads the page if a response reports the new subject", async () => {
    const page = new Page();
    const client = openClient(
      new Network().on(GET, () => successResponse(sessionView("s2", { name: "Bob" }))),
      {
        page,
        initialState: sessionView("s1", { name: "Ada" }),
      },
    );
    await client.getSession({ fresh: true });
    expect(page.reloads).toBe(1);
  });

  it("does not reload the page if the new subject has logged in on this page", async () => {
    const page = new Page();
    const client = openClient(
      new Network().on("POST /session", () => successResponse(sessionView("s2", { name: "Bob" }))),
      {
        page,
        initialState: sessionView("s1", { name: "Ada" }),
      },
    );
    await client.createSession({ credentials: { code: "1234" }, metadata: { campaign: "x" } });
    expect([page.reloads, client.$session.get().user]).toEqual([0, { name: "Bob" }]);
  });
});
