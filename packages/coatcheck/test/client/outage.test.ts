import { describe, expect, it } from "vitest";
import { failure, Network, open, Page, settle, success, TestClock, view } from "./browser.ts";

const GET = "GET /session";

describe("no false log-out", () => {
  const silent = () => Promise.reject(new TypeError("Failed to fetch"));
  const cases: [string, () => Response | Promise<Response>, string][] = [
    ["nothing", silent, "NETWORK"],
    ["a 500", () => new Response("oops", { status: 500 }), "BAD_ANSWER"],
    ["a 503 of ours", () => failure(503, "STORE_UNAVAILABLE"), "STORE_UNAVAILABLE"],
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
    ["a token that a login replaced", () => failure(409, "CONFLICT"), "CONFLICT"],
  ];
  it.each(cases)("keeps the last known session after %s", async (_, answer, code) => {
    const network = new Network().on(GET, answer);
    const client = open(network, { initialState: view("s1") });
    expect((await client.getSession({ fresh: true }))?.id).toBe("s1");
    expect(client.$session.get().status).toBe("authenticated");
    expect(client.$meta.get()).toMatchObject({ stale: true, fetching: false, error: { code } });
    expect(client.getMetrics()).toMatchObject({ staleServes: 1, errors: 1 });
    network.on(GET, () => success(view("s1")));
    await client.getSession();
    expect(client.$meta.get()).toMatchObject({ stale: false, error: undefined });
  });

  it("rejects rather than call somebody logged out of whom it knows nothing", async () => {
    const client = open(new Network().on(GET, silent));
    await expect(client.getSession()).rejects.toMatchObject({ code: "NETWORK", status: 0 });
    expect(client.$session.get().status).toBe("pending");
  });

  it("gives a server that hangs ten seconds, or what the page grants", async () => {
    const network = new Network().on(
      GET,
      ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    );
    const client = open(network, { initialState: view("s1"), timeout: 20 });
    expect((await client.getSession({ fresh: true }))?.id).toBe("s1");
    expect(client.$meta.get().error?.code).toBe("NETWORK");
  });

  it.each([
    ["SESSION_REVOKED", 401, "revoked"],
    ["SESSION_EXPIRED", 401, "expired"],
    ["SESSION_REQUIRED", 401, "expired"],
    ["SESSION_NOT_FOUND", 404, "expired"],
  ])("takes the server's own %s for an end", async (code, status, reason) => {
    const client = open(
      new Network().on(GET, () => failure(status, code)),
      { initialState: view("s1") },
    );
    expect(await client.getSession({ fresh: true })).toBe(null);
    expect(client.$session.get()).toMatchObject({ status: "none", reason });
  });

  it("lets the session endpoint judge, when another route answers 401", async () => {
    const network = new Network()
      .on("GET /cart", () => failure(401, "SESSION_EXPIRED"))
      .on(GET, () => success(view("s1")));
    const client = open(network, { initialState: view("s1") });
    await client.fetch("https://shop.test/cart");
    await settle();
    expect(network.count(GET)).toBe(1);
    expect(client.$session.get().status).toBe("authenticated");
    network.on(GET, () => failure(401, "SESSION_REVOKED"));
    await client.fetch("https://shop.test/cart");
    await settle();
    expect(client.$session.get()).toMatchObject({ status: "none", reason: "revoked" });
  });

  it("waits as long as the server asks it to", async () => {
    const clock = new TestClock();
    const page = new Page();
    const network = new Network().on(GET, () => failure(429, "RATE_LIMITED", { "retry-after": "60" }));
    const client = open(network, { clock, page, initialState: view("s1") });
    await client.getSession({ fresh: true });
    clock.advance(30_000);
    page.show();
    await settle();
    expect(network.seen).toHaveLength(1);
    clock.advance(35_000);
    await settle();
    expect(network.seen).toHaveLength(2);
  });

  it("keeps its own pause where a proxy names a date to wait for", async () => {
    const clock = new TestClock();
    const page = new Page();
    const date = "Wed, 21 Oct 2026 07:28:00 GMT";
    const network = new Network().on(
      GET,
      () => new Response("", { status: 503, headers: { "retry-after": date } }),
    );
    const client = open(network, { clock, page, initialState: view("s1") });
    await client.getSession({ fresh: true });
    page.show();
    await settle();
    expect(network.seen).toHaveLength(1);
  });
});

describe("offline", () => {
  it("serves the last known session as stale, asks nothing, and asks when it is back", async () => {
    const page = new Page();
    const network = new Network().on(GET, () => success(view("s2")));
    const client = open(network, { page, initialState: view("s1", null) });
    page.fire("offline");
    expect(client.$meta.get()).toMatchObject({ offline: true, stale: true });
    expect(client.$session.get().session?.id).toBe("s1");
    page.show();
    await settle();
    expect(network.seen).toHaveLength(0);
    page.fire("online");
    await settle();
    expect(client.$meta.get()).toMatchObject({ offline: false, stale: false });
    expect(client.$session.get().session?.id).toBe("s2");
  });
});
