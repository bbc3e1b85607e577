import { describe, expect, test } from "vitest";
import { KEYS, serviceOfThisFile } from "./running.ts";
import { Visitor } from "./visitor.ts";

describe("every answer", () => {
  const service = serviceOfThisFile();

  test("has an id to ask after, the proxy's if that will do", async () => {
    const visitor = new Visitor(service().url);
    const own = (await visitor.get("/ready")).headers.get("x-request-id");
    expect(own).toMatch(/^[0-9a-f-]{36}$/);
    const kept = await visitor.send("GET", "/nowhere", undefined, { "x-request-id": "trace-0123456789" });
    expect(kept.headers.get("x-request-id")).toBe("trace-0123456789");
    for (const odd of ["short", "x".repeat(65), 'quote"quote"quote']) {
      const { headers } = await visitor.send("GET", "/ready", undefined, { "x-request-id": odd });
      expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  test("that tells of a session is for nobody's cache", async () => {
    for (const visitor of [new Visitor(service().url), new Visitor(service().url, KEYS.slack)]) {
      const path = await visitor.create();
      for (const asked of [path, `${path}/data`, "/api/v1/sessions/00000000-0000-4000-8000-000000000000"]) {
        expect((await visitor.get(asked)).headers.get("cache-control")).toContain("no-store");
      }
    }
  });
});

describe("behind https", () => {
  const service = serviceOfThisFile({ COOKIE_SECURE: "true" });

  test("the cookie is bound to the host, and browsers are told to stay with https", async () => {
    const { headers } = await new Visitor(service().url).post("/api/v1/sessions");
    const [cookie, ...more] = headers.getSetCookie();
    expect(more).toEqual([]);
    expect(cookie).toMatch(/^__Host-sid=[\w-]{50}; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    expect(headers.get("strict-transport-security")).toContain("max-age=");
  });
});

describe("on this machine alone", () => {
  const service = serviceOfThisFile();

  test("the cookie needs no https", async () => {
    const { headers } = await new Visitor(service().url).post("/api/v1/sessions");
    expect(headers.getSetCookie()).toEqual([
      expect.stringMatching(/^sid=[\w-]{50}; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
    expect(headers.get("strict-transport-security")).toBeNull();
  });
});
