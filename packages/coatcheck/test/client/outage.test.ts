import { describe, expect, it } from "vitest";
import {
  failureResponse,
  Network,
  openClient,
  Page,
  sessionView,
  successResponse,
  TestClock,
  untilHandled,
} from "./fixtures.ts";

const GET = "GET /session";

describe("a refresh", () => {
  const unreachable = () => Promise.reject(new TypeError("Failed to fetch"));
  const cases: [string, () => Response | Promise<Response>, string][] = [
    ["no response", unreachable, "NETWORK"],
    ["a 500", () => new Response("oops", { status: 500 }), "BAD_ANSWER"],
    ["a 503 of the endpoint", () => failureResponse(503, "STORE_UNAVAILABLE"), "STORE_UNAVAILABLE"],
    [
      "a captive portal",
      () => new Response("<html>", { headers: { "content-type": "text/html" } }),
      "BAD_ANSWER",
    ],
    [
      "broken JSON",
      () => new Response("{", { headers: { "content-type": "application/json" } }),
      "BAD_ANSWER",
    ],
    ["a proxy's 401", () => new Response("denied", { status: 401 }), "BAD_ANSWER"],
  ];
  it.each(cases)("keeps the last known session after %s", async (_, response, code) => {
    const network = new Network().on(GET, response);
    const client = openClient(network, { initialState: sessionView("s1") });
    expect((await client.getSession({ fresh: true }))?.id).toBe("s1");
    expect(client.$session.get().status).toBe("authenticated");
    expect(client.$meta.get()).toMatchObject({ stale: true, fetching: false, error: { code } });
    expect(client.getMetrics()).toMatchObject({ staleServes: 1, errors: 1 });
    network.on(GET, () => successResponse(sessionView("s1")));
    await client.getSession();
    expect(client.$meta.get()).toMatchObject({ stale: false, error: undefined });
  });

  it("rejects and leaves the status `pending` if it fails before any session is known", async () => {
    const client = openClient(new Network().on(GET, unreachable));
    await expect(client.getSession()).rejects.toMatchObject({ code: "NETWORK", status: 0 });
    expect(client.$session.get().status).toBe("pending");
  });

  it("fails with the error NETWORK once the timeout has passed", async () => {
    const network = new Network().on(
      GET,
      ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    );
    const client = openClient(network, { initialState: sessionView("s1"), timeout: 20 });
    expect((await client.getSession({ fresh: true }))?.id).toBe("s1");
    expect(client.$meta.get().error?.code).toBe("NETWORK");
  });

  it.each([
    ["SESSION_REVOKED", 401, "revoked"],
    ["SESSION_EXPIRED", 401, "expired"],
    ["SESSION_REQUIRED", 401, "expired"],
    ["SESSION_NOT_FOUND", 404, "expired"],
  ])("ends the session if the server responds %s", async (code, status, reason) => {
    const client = openClient(
      new Network().on(GET, () => failureResponse(status, code)),
      { initialState: sessionView("s1") },
    );
    expect(await client.getSession({ fresh: true })).toBe(null);
    expect(client.$session.get()).toMatchObject({ status: "none", reason });
  });

  it("is sent after a 401 from another route, because a 401 alone does not end the session", async () => {
    const network = new Network()
      .on("GET /cart", () => failureResponse(401, "SESSION_EXPIRED"))
      .on(GET, () => successResponse(sessionView("s1")));
    const client = openClient(network, { initialState: sessionView("s1") });
    await client.fetch("https://shop.test/cart");
    await untilHandled();
    expect(network.count(GET)).toBe(1);
    expect(client.$session.get().status).toBe("authenticated");
    network.on(GET, () => failureResponse(401, "SESSION_REVOKED"));
    await client.fetch("https://shop.test/cart");
    await untilHandled();
    expect(client.$session.get()).toMatchObject({ status: "none", reason: "revoked" });
  });

  it("is repeated only after as many seconds as Retry-After states", async () => {
    const clock = new TestClock();
    const page = new Page();
    const network = new Network().on(GET, () =>
      failureResponse(429, "RATE_LIMITED", { "retry-after": "60" }),
    );
    const client = openClient(network, { clock, page, initialState: sessionView("s1") });
    await client.getSession({ fresh: true });
    clock.advance(30_000);
    page.show();
    await untilHandled();
    expect(network.requests).toHaveLength(1);
    clock.advance(35_000);
    await untilHandled();
    expect(network.requests).toHaveLength(2);
  });

  it("is not repeated before `minGap` has passed, if Retry-After is a date", async () => {
    const clock = new TestClock();
    const page = new Page();
    const date = "Wed, 21 Oct 2026 07:28:00 GMT";
    const network = new Network().on(
      GET,
      () => new Response("", { status: 503, headers: { "retry-after": date } }),
    );
    const client = openClient(network, { clock, page, initialState: sessionView("s1") });
    await client.getSession({ fresh: true });
    page.show();
    await untilHandled();
    expect(network.requests).toHaveLength(1);
  });
});

describe("a client that is offline", () => {
  it("returns the last known session as stale, and refreshes when it comes online", async () => {
    const page = new Page();
    const network = new Network().on(GET, () => successResponse(sessionView("s2")));
    const client = openClient(network, { page, initialState: sessionView("s1", null) });
    page.dispatch("offline");
    expect(client.$meta.get()).toMatchObject({ offline: true, stale: true });
    expect(client.$session.get().session?.id).toBe("s1");
    page.show();
    await untilHandled();
    expect(network.requests).toHaveLength(0);
    page.dispatch("online");
    await untilHandled();
    expect(client.$meta.get()).toMatchObject({ offline: false, stale: false });
    expect(client.$session.get().session?.id).toBe("s2");
  });
});
