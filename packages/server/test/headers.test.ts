import { describe, expect, test } from "vitest";
import { API_KEYS } from "./fixtures.ts";
import { useService } from "./local-service.ts";
import { TestClient } from "./test-client.ts";

describe("every response", () => {
  const service = useService();

  test("has a request id: the id from the proxy if it is well-formed, otherwise a new id", async () => {
    const visitor = new TestClient(service().url);
    const own = (await visitor.get("/ready")).headers.get("x-request-id");
    expect(own).toMatch(/^[0-9a-f-]{36}$/);
    const forwarded = await visitor.send("GET", "/nowhere", undefined, {
      "x-request-id": "trace-0123456789",
    });
    expect(forwarded.headers.get("x-request-id")).toBe("trace-0123456789");
    for (const malformed of ["short", "x".repeat(65), 'quote"quote"quote']) {
      const { headers } = await visitor.send("GET", "/ready", undefined, { "x-request-id": malformed });
      expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  test("has a content security policy, except a 304 response, whose headers would replace the headers of the cached page", async () => {
    const url = `${service().url}/docs/static/swagger-ui.css`;
    const { headers } = await fetch(url);
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    const again = await fetch(url, {
      headers: { "if-none-match": headers.get("etag") ?? "", "cache-control": "max-age=0" },
    });
    expect([again.status, again.headers.get("content-security-policy")]).toEqual([304, null]);
  });

  test("about a session has Cache-Control: no-store", async () => {
    for (const visitor of [new TestClient(service().url), new TestClient(service().url, API_KEYS.slack)]) {
      const path = await visitor.create();
      for (const url of [path, `${path}/data`, "/api/v1/sessions/00000000-0000-4000-8000-000000000000"]) {
        expect((await visitor.get(url)).headers.get("cache-control")).toContain("no-store");
      }
    }
  });
});

describe("the service with COOKIE_SECURE=true", () => {
  const service = useService({ COOKIE_SECURE: "true" });

  test("sets a __Host- cookie and Strict-Transport-Security", async () => {
    const { headers } = await new TestClient(service().url).post("/api/v1/sessions");
    const [cookie, ...more] = headers.getSetCookie();
    expect(more).toEqual([]);
    expect(cookie).toMatch(
      /^__Host-sid=[\w-]{50}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(headers.get("strict-transport-security")).toContain("max-age=");
  });
});

describe("the service on a loopback address", () => {
  const service = useService();

  test("sets a cookie without Secure", async () => {
    const { headers } = await new TestClient(service().url).post("/api/v1/sessions");
    expect(headers.getSetCookie()).toEqual([
      expect.stringMatching(/^sid=[\w-]{50}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
    expect(headers.get("strict-transport-security")).toBeNull();
  });
});
