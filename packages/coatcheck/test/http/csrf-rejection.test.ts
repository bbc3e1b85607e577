import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import express4 from "express4";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { CsrfTokens } from "../../src/http/csrf.ts";
import { coatcheck, sessionErrors } from "../../src/http/express.ts";
import { HttpSessions } from "../../src/http/http-sessions.ts";
import type { HttpOptions } from "../../src/http/options.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";

afterEach(() => vi.unstubAllEnvs());

describe("the error for a rejected cross-origin request", () => {
  it("names the origin, the host and the option that would allow the request", () => {
    const { message } = catchRejection({ "sec-fetch-site": "cross-site", origin: "https://pay.example" });
    expect(message).toBe(
      'Cross-origin request rejected: the origin is "https://pay.example", the host is "shop.example". To allow it, add "https://pay.example" to csrf.trustedOrigins.',
    );
  });

  it("says that a proxy may be the cause, unless Sec-Fetch-Site is `cross-site`", () => {
    const origin = "http://dev.example:5173";
    expect(catchRejection({ origin }).message).toContain("keep the Host header");
    const forwarded = catchRejection({ origin, "x-forwarded-host": "dev.example:5173" });
    expect(forwarded.message).toContain("set trustProxy, because a proxy reports that host");
    expect(catchRejection({ "sec-fetch-site": "same-site" }).message).toContain("sec-fetch-site: same-site");
  });

  it.each<Record<string, string>>([{}, { "sec-fetch-site": "cross-site" }])(
    "names the privacy settings that hide an origin, and does not advise to trust the origin `null` (%o)",
    (more) => {
      const { message } = catchRejection({ origin: "null", ...more });
      expect(message).toContain(
        'the origin is "null", the host is "shop.example". The browser hides the page',
      );
      expect(message).toContain("set Referrer-Policy: same-origin");
      expect(message).not.toContain('add "null"');
    },
  );

  it("does not name the host in production, because it may be an internal name", () => {
    vi.stubEnv("NODE_ENV", "production");
    expect(catchRejection({ origin: "https://pay.example" }).message).toBe("Cross-origin request rejected.");
  });

  it("shortens long header values of the client", () => {
    expect(catchRejection({ origin: `https://${"x".repeat(10_000)}` }).message.length).toBeLessThan(1000);
  });

  it("is accompanied by the event `request-rejected`, which contains origin and host even in production", () => {
    vi.stubEnv("NODE_ENV", "production");
    expect(catchRejection({ origin: "https://pay.example" }).events).toEqual([
      {
        code: "FORBIDDEN",
        method: "POST",
        path: "/orders",
        origin: "https://pay.example",
        host: "shop.example",
      },
    ]);
  });
});

describe("a request without a valid CSRF token", () => {
  it("causes the event `request-rejected`", async () => {
    const { manager, open, events } = setUp({ csrf: { token: "required" } });
    const { token } = await manager.create();
    const cookie = `__Host-sid=${token}`;
    await expect(open({ cookie }).checkCsrf()).rejects.toThrow("CSRF");
    await expect(open({ cookie, "x-csrf-token": "x" }).checkCsrf()).rejects.toThrow("CSRF");
    expect(events.map(({ code }) => code)).toEqual(["CSRF_MISSING", "CSRF_INVALID"]);
  });
});

describe("the error for a missing CSRF token", () => {
  const urlencoded = "application/x-www-form-urlencoded; charset=utf-8";
  it.each([
    ["a form without a parsed body", urlencoded, undefined, "no parsed field was found for this form"],
    [
      "a form with files without a parsed body",
      "multipart/form-data; boundary=x",
      "",
      "no parsed field was found",
    ],
    ["a form for which a parser left an empty object", urlencoded, {}, "no parsed field was found"],
    [
      "a parsed form without the field",
      urlencoded,
      { a: "1" },
      "send the header x-csrf-token or the form field",
    ],
    ["an empty JSON object", "application/json", {}, "send the header x-csrf-token or the form field"],
    [
      "a JSON body that is not parsed",
      "application/json",
      undefined,
      "send the header x-csrf-token or the form",
    ],
  ])("says for %s what is missing", async (_name, type, body, text) => {
    const { manager, open, events } = setUp({ csrf: { token: "required" } });
    const { token } = await manager.create();
    const session = open({ cookie: `__Host-sid=${token}`, "content-type": type });
    await expect(session.checkCsrf(() => body)).rejects.toThrow(text);
    expect(events).toMatchObject([{ code: "CSRF_MISSING" }]);
  });
});

describe.each([
  ["Express 5", express],
  ["Express 4", express4 as unknown as typeof express],
])("a form with its token in %s", (_name, make) => {
  const parsers = {
    json: () => make.json(),
    urlencoded: () => make.urlencoded({ extended: false }),
    coatcheck: (manager: SessionManager) =>
      coatcheck(manager, { cookie: { secure: false }, csrf: { token: "required" } }),
  };
  const unparsed = expect.stringContaining("no parsed field was found for this form");

  it.each<[order: (keyof typeof parsers)[], message: unknown]>([
    [["json", "urlencoded", "coatcheck"], undefined],
    [["urlencoded", "coatcheck", "json"], undefined],
    [["json", "coatcheck", "urlencoded"], unparsed],
    [["coatcheck", "json", "urlencoded"], unparsed],
  ])("mounted in the order %j gets the message %o", async (order, message) => {
    const { manager } = setUp();
    const { record, token } = await manager.create();
    const app = make();
    for (const name of order) app.use(parsers[name](manager));
    app.post("/", (_request, response) => void response.json({}));
    app.use(sessionErrors());
    const server = createServer(app).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
      method: "POST",
      headers: { cookie: `sid=${token}` },
      body: new URLSearchParams({ csrf_token: new CsrfTokens(manager.ring).issue(record) }),
    });
    const body = (await response.json()) as { error?: { message: string } };
    expect(body.error?.message).toEqual(message);
  });
});

function catchRejection(headers: Record<string, string>) {
  const { open, events } = setUp();
  try {
    open(headers).checkCsrf();
  } catch (error) {
    return { message: (error as Error).message, events };
  }
  throw new Error("The request was not rejected.");
}

/** Opens POST requests to shop.example, and collects the events. */
function setUp(options: HttpOptions = {}) {
  const manager = new SessionManager({ store: memoryStore(), secrets: ["the secret of these tests"] });
  const events: { code: string }[] = [];
  manager.events.on("request-rejected", (event) => events.push(event));
  const http = new HttpSessions(manager, options);
  const open = (sent: Record<string, string>) => {
    const headers: Record<string, string> = { host: "shop.example", ...sent };
    return http.open({
      method: "POST",
      url: "/orders?card=1",
      address: "203.0.113.5",
      encrypted: true,
      header: (name) => headers[name],
    });
  };
  return { manager, events, open };
}
