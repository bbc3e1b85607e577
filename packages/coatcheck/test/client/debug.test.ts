import { describe, expect, it, vi } from "vitest";
import type { SessionClientOptions } from "../../src/client/index.ts";
import {
  failure,
  Network,
  noSession,
  ORIGIN,
  open,
  Page,
  success,
  type User,
  uniqueBase,
  until,
  view,
} from "./fixtures.ts";

/** Opens a client and collects its debug events as strings: `event detail`. */
function openObserved(network: Network, options: SessionClientOptions<User> & { readonly page?: Page } = {}) {
  const entries: string[] = [];
  const client = open(network, { ...options, debug: (...entry) => entries.push(entry.join(" ")) });
  return {
    client,
    /** Returns the events since the last call. */
    entries: () => entries.splice(0),
  };
}

describe("the debug option", () => {
  it("reports each CSRF token with its source, and as updated, unchanged or refused (if empty)", async () => {
    const page = new Page({ cookie: "csrf_token=one" });
    const network = new Network()
      .on("GET /header", () => success({}, { "x-csrf-token": "two" }))
      .on("GET /body", () => success({ csrf_token: "three" }))
      .on("GET /empty", () => success({ csrf_token: "" }, { "x-csrf-token": "" }))
      .on("GET /none", () => success({}));
    const { client, entries } = openObserved(network, { page });
    expect(entries()).toEqual(["token-updated cookie"]);
    client.synchronizeTokenFromCookie();
    expect(entries()).toEqual(["token-unchanged cookie"]);
    for (const [path, reported] of [
      ["header", ["token-updated header"]],
      ["body", ["token-updated body"]],
      ["empty", ["token-refused header", "token-refused body"]],
      ["none", []],
    ] as const) {
      await client.fetch(`${ORIGIN}/${path}`);
      expect(entries(), path).toEqual(reported);
    }
    client.updateCsrfTokenFromServer("four");
    client.updateCsrfTokenFromServer("");
    expect(entries()).toEqual(["token-updated application", "token-refused application"]);
    expect(client.$csrfToken.get()).toBe("four");
  });

  it("reports the retry after a rejected token, and the rejection of the retry", async () => {
    const network = new Network()
      .on("POST /session/init", () => success(view("s1", null, { token: "new" })))
      .on("POST /orders", () => failure(403, "CSRF_INVALID"));
    const { client, entries } = openObserved(network);
    await client.fetch(`${ORIGIN}/orders`, { method: "POST" });
    expect(entries()).toEqual([
      "refused CSRF_INVALID",
      "token-updated body",
      "token-unchanged view",
      "view-applied page",
      "retry CSRF_INVALID",
      "refused CSRF_INVALID",
    ]);
  });

  it("reports a response from an untrusted origin, without the rest of its URL", async () => {
    const elsewhere = "https://pay.test";
    const network = new Network()
      .on(`POST ${elsewhere}/charge?code=secret`, () => success({ csrf_token: "stolen" }))
      .on("GET /away", () => {
        const response = success({ csrf_token: "stolen" });
        return Object.defineProperty(response, "url", { value: `${elsewhere}/?code=secret` });
      });
    const { client, entries } = openObserved(network);
    await client.fetch(`${elsewhere}/charge?code=secret`, { method: "POST" });
    await client.fetch(`${ORIGIN}/away`);
    expect(entries()).toEqual([`origin-refused ${elsewhere}`, `origin-refused ${elsewhere}`]);
  });

  it("reports whether a view from this or another tab was applied or ignored", async () => {
    const network = new Network();
    const baseUrl = uniqueBase();
    const path = new URL(baseUrl).pathname;
    const left = openObserved(network, { baseUrl });
    const right = openObserved(network, { baseUrl });
    left.client.hydrate(view("s1", { name: "Ada" }, { rev: 1000 }));
    await until(right.client.$session, ({ status }) => status === "authenticated");
    expect(left.entries()).toEqual(["token-updated view", "view-applied page"]);
    expect(right.entries()).toEqual(["token-updated view", "view-applied tab"]);

    right.client.hydrate(view("s1", { name: "Ada" }, { rev: 999 }));
    expect(right.entries()).toEqual(["token-unchanged view", "view-ignored page"]);
    network.on(`DELETE ${path}`, () => success(noSession));
    await left.client.logout();
    await until(right.client.$session, ({ status }) => status === "none");
    expect(right.entries()).toEqual(["view-applied tab"]);
  });

  it("never reports a token or credentials", async () => {
    const page = new Page({ cookie: "csrf_token=secret-cookie" });
    const network = new Network()
      .on("POST /session/init", () => success(view("s1", null, { token: "secret-view" })))
      .on("POST /session", () => failure(403, "CSRF_INVALID", { "x-csrf-token": "secret-header" }));
    const { client, entries } = openObserved(network, { page });
    await expect(client.createSession("secret-user", "secret-password")).rejects.toThrow();
    client.updateCsrfTokenFromServer("secret-application");
    const reported = entries();
    expect(reported).toContain("retry CSRF_INVALID");
    expect(reported.join()).not.toContain("secret");
  });

  it("writes to console.debug if it is true, and nothing if it is false or undefined", () => {
    const write = vi.spyOn(console, "debug").mockImplementation(() => {});
    try {
      for (const options of [{}, { debug: false }]) open(new Network(), options).hydrate(view("s1"));
      expect(write).not.toHaveBeenCalled();
      open(new Network(), { debug: true }).updateCsrfTokenFromServer("");
      expect(write.mock.calls).toEqual([["token-refused", "application"]]);
    } finally {
      write.mockRestore();
    }
  });
});
