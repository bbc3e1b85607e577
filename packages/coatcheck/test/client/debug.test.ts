import { describe, expect, it, vi } from "vitest";
import type { SessionClientOptions } from "../../src/client/index.ts";
import {
  createUniqueBaseUrl,
  failureResponse,
  Network,
  noSession,
  openClient,
  Page,
  SITE_ORIGIN,
  sessionView,
  successResponse,
  type User,
  untilValue,
} from "./fixtures.ts";

/** Opens a client and collects its debug events as strings: `event detail`. */
function openClientWithDebugLog(
  network: Network,
  options: SessionClientOptions<User> & { readonly page?: Page } = {},
) {
  const entries: string[] = [];
  const client = openClient(network, { ...options, debug: (...entry) => entries.push(entry.join(" ")) });
  return {
    client,
    /** Returns the events that were reported since the last call of `entries`. */
    entries: () => entries.splice(0),
  };
}

describe("the debug option", () => {
  it("reports the source of each CSRF token, and whether the token was updated, unchanged or refused", async () => {
    const page = new Page({ cookie: "csrf_token=one" });
    const network = new Network()
      .on("GET /header", () => successResponse({}, { "x-csrf-token": "two" }))
      .on("GET /body", () => successResponse({ csrf_token: "three" }))
      .on("GET /empty", () => successResponse({ csrf_token: "" }, { "x-csrf-token": "" }))
      .on("GET /none", () => successResponse({}));
    const { client, entries } = openClientWithDebugLog(network, { page });
    expect(entries()).toEqual(["token-updated cookie"]);
    client.synchronizeTokenFromCookie();
    expect(entries()).toEqual(["token-unchanged cookie"]);
    for (const [path, reported] of [
      ["header", ["token-updated header"]],
      ["body", ["token-updated body"]],
      ["empty", ["token-refused header", "token-refused body"]],
      ["none", []],
    ] as const) {
      await client.fetch(`${SITE_ORIGIN}/${path}`);
      expect(entries(), path).toEqual(reported);
    }
    client.updateCsrfTokenFromServer("four");
    client.updateCsrfTokenFromServer("");
    expect(entries()).toEqual(["token-updated application", "token-refused application"]);
    expect(client.$csrfToken.get()).toBe("four");
  });

  it("reports the retry after a rejected token, and the rejection of the retry", async () => {
    const network = new Network()
      .on("POST /session/init", () => successResponse(sessionView("s1", null, { token: "new" })))
      .on("POST /orders", () => failureResponse(403, "CSRF_INVALID"));
    const { client, entries } = openClientWithDebugLog(network);
    await client.fetch(`${SITE_ORIGIN}/orders`, { method: "POST" });
    expect(entries()).toEqual([
      "refused CSRF_INVALID",
      "token-updated body",
      "token-unchanged view",
      "view-applied page",
      "retry CSRF_INVALID",
      "refused CSRF_INVALID",
    ]);
  });

  it("reports the origin of an untrusted response, but not the rest of the URL", async () => {
    const elsewhere = "https://pay.test";
    const network = new Network()
      .on(`POST ${elsewhere}/charge?code=secret`, () => successResponse({ csrf_token: "stolen" }))
      .on("GET /away", () => {
        const response = successResponse({ csrf_token: "stolen" });
        return Object.defineProperty(response, "url", { value: `${elsewhere}/?code=secret` });
      });
    const { client, entries } = openClientWithDebugLog(network);
    await client.fetch(`${elsewhere}/charge?code=secret`, { method: "POST" });
    await client.fetch(`${SITE_ORIGIN}/away`);
    expect(entries()).toEqual([`origin-refused ${elsewhere}`, `origin-refused ${elsewhere}`]);
  });

  it("reports whether a view from this or another tab was applied or ignored", async () => {
    const network = new Network();
    const baseUrl = createUniqueBaseUrl();
    const path = new URL(baseUrl).pathname;
    const left = openClientWithDebugLog(network, { baseUrl });
    const right = openClientWithDebugLog(network, { baseUrl });
    left.client.hydrate(sessionView("s1", { name: "Ada" }, { rev: 1000 }));
    await untilValue(right.client.$session, ({ status }) => status === "authenticated");
    expect(left.entries()).toEqual(["token-updated view", "view-applied page"]);
    expect(right.entries()).toEqual(["token-updated view", "view-applied tab"]);

    right.client.hydrate(sessionView("s1", { name: "Ada" }, { rev: 999 }));
    expect(right.entries()).toEqual(["token-unchanged view", "view-ignored page"]);
    network.on(`DELETE ${path}`, () => successResponse(noSession));
    await left.client.logout();
    await untilValue(right.client.$session, ({ status }) => status === "none");
    expect(right.entries()).toEqual(["view-applied tab"]);
  });

  it("never reports a token or credentials", async () => {
    const page = new Page({ cookie: "csrf_token=secret-cookie" });
    const network = new Network()
      .on("POST /session/init", () => successResponse(sessionView("s1", null, { token: "secret-view" })))
      .on("POST /session", () => failureResponse(403, "CSRF_INVALID", { "x-csrf-token": "secret-header" }));
    const { client, entries } = openClientWithDebugLog(network, { page });
    await expect(client.createSession("secret-user", "secret-password")).rejects.toThrow();
    client.updateCsrfTokenFromServer("secret-application");
    const reported = entries();
    expect(reported).toContain("retry CSRF_INVALID");
    expect(reported.join()).not.toContain("secret");
  });

  it("writes to console.debug if it is true, but not if it is false or undefined", () => {
    const write = vi.spyOn(console, "debug").mockImplementation(() => {});
    try {
      for (const options of [{}, { debug: false }])
        openClient(new Network(), options).hydrate(sessionView("s1"));
      expect(write).not.toHaveBeenCalled();
      openClient(new Network(), { debug: true }).updateCsrfTokenFromServer("");
      expect(write.mock.calls).toEqual([["token-refused", "application"]]);
    } finally {
      write.mockRestore();
    }
  });
});
