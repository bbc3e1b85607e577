import { expect, it } from "vitest";
import type { NextSite } from "./next-suite.ts";

/** Defines tests of route handlers. */
export function testRouteHandlers(site: NextSite): void {
  it("withServerSession passes the logged-in user, or null", async () => {
    const visitor = site.createVisitor();
    expect(await visitor.send("/api/me")).toMatchObject({ status: 401, body: '{"error":"Unauthorized"}' });
    await visitor.logIn("ann");
    expect(await visitor.send("/api/me")).toMatchObject({
      status: 200,
      body: '{"tenantId":"tenant-of-ann"}',
    });
    await visitor.send("/api/logout", { method: "POST" });
    expect(visitor.token).toBeUndefined();
    expect((await visitor.send("/api/me")).status).toBe(401);
  });

  it("withServerSession passes null for a deleted user", async () => {
    const visitor = site.createVisitor();
    await visitor.logIn("deleted");
    expect((await visitor.send("/api/me")).status).toBe(401);
  });

  it("a GET handler is not prerendered, and its response is private", async () => {
    const [ann, bob] = [site.createVisitor(), site.createVisitor()];
    await ann.logIn("ann");
    await bob.logIn("bob");
    const response = await ann.send("/api/me");
    expect(response.headers["cache-control"]).toBe("private, no-store");
    expect(response.headers.vary).toContain("Cookie");
    expect((await bob.send("/api/me")).body).toContain("tenant-of-bob");
  });

  it("a fetch response with immutable headers keeps its headers, and the session's headers are added", async () => {
    const visitor = site.createVisitor();
    await visitor.logIn("ann");
    const response = await visitor.send("/api/remote");
    expect(response).toMatchObject({ status: 200, body: "plain" });
    expect(response.headers).toMatchObject({ "x-plain": "yes", "cache-control": "private, no-store" });
  });

  it("a login that returns Response.redirect() sets the session cookie", async () => {
    const visitor = site.createVisitor();
    const response = await visitor.send("/api/redirect", { method: "POST" });
    expect(response.status).toBe(303);
    expect(response.headers.location).toMatch(/\/account$/);
    expect((await visitor.send("/api/me")).status).toBe(200);
  });

  it("a login that calls redirect() or notFound() sets the session cookie", async () => {
    const [redirected, missing] = [site.createVisitor(), site.createVisitor()];
    const response = await redirected.send("/api/throw", { method: "POST" });
    expect(response).toMatchObject({ status: 307, headers: { location: "/account" } });
    expect(response.cookies[0]).toMatch(
      /^__Host-sid=[^;]{50}; .*Max-Age=\d+; Secure; HttpOnly; SameSite=lax$/,
    );
    expect((await redirected.send("/api/me")).status).toBe(200);
    expect((await missing.send("/api/throw?missing", { method: "POST" })).status).toBe(404);
    expect((await missing.send("/api/me")).status).toBe(200);
  });

  it("a response keeps its cookies as separate headers, and its content security policy", async () => {
    const visitor = site.createVisitor();
    const { cookies, headers } = await visitor.send("/api/mixed", { method: "POST" });
    expect(headers["content-security-policy"]).toBe("script-src 'nonce-abc'");
    expect(cookies.map((line) => line.split("=")[0]).sort()).toEqual([
      "__Host-sid",
      "by-function",
      "first",
      "second",
    ]);
    expect(cookies.find((line) => line.startsWith("second"))).toContain(
      "Expires=Wed, 21 Oct 2037 07:28:00 GMT",
    );
  });

  it("a session error is sent as JSON with its code, and a request from another site is rejected", async () => {
    const visitor = site.createVisitor();
    const missing = await visitor.send("/api/needs");
    expect(missing.status).toBe(401);
    expect(JSON.parse(missing.body)).toMatchObject({ success: false, error: { code: "SESSION_REQUIRED" } });
    const forged = await visitor.send("/api/login", {
      method: "POST",
      body: '{"name":"eve"}',
      headers: { "sec-fetch-site": "cross-site", origin: "https://evil.example" },
    });
    expect(forged.status).toBe(403);
    expect(JSON.parse(forged.body).error.code).toBe("FORBIDDEN");
    expect(visitor.token).toBeUndefined();
  });

  it("the session endpoints log in, show the user, and log out", async () => {
    const visitor = site.createVisitor();
    const credentials = JSON.stringify({ email: "dora", password: "secret" });
    const login = await visitor.send("/session", { method: "POST", body: credentials });
    expect(JSON.parse(login.body).data).toMatchObject({
      status: "authenticated",
      user: { id: "dora", tenantId: "tenant-of-dora" },
    });
    const devices = await visitor.send("/session/devices");
    expect(JSON.parse(devices.body).data).toHaveLength(1);
    await visitor.send("/session", { method: "DELETE" });
    expect(visitor.token).toBeUndefined();
    expect((await visitor.send("/session/unknown")).status).toBe(404);
  });

  it("the Pages Router reads and writes the App Router's sessions through coatcheck/node", async () => {
    const visitor = site.createVisitor();
    await visitor.logIn("ann");
    expect((await visitor.send("/old")).body).toContain("old page of ann");
    await visitor.send("/api/old");
    expect((await visitor.send("/api/old")).body).toBe('{"count":2}');
    expect((await visitor.send("/api/visit", { method: "POST" })).body).toBe('{"count":3}');
  });
}
