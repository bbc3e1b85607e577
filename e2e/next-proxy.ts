import { expect, it } from "vitest";
import { redirectOf, textOf } from "./next-fixtures.ts";
import type { NextSite } from "./next-suite.ts";

const MINUTE = 60_000;

/** Defines tests of `proxy.ts`, and of the objects that exist once per process. */
export function testProxy(site: NextSite): void {
  it("the proxy without a session check redirects a visitor without a valid cookie to the login page", async () => {
    const visitor = site.createVisitor();
    expect((await visitor.send("/proxied/quick")).headers.location).toMatch(/\/login$/);
    visitor.token = "A".repeat(50);
    expect((await visitor.send("/proxied/quick")).headers.location).toMatch(/\/login$/);
    await visitor.logIn("ann");
    expect((await visitor.send("/proxied/quick")).status).toBe(200);
  });

  it("the proxy without a session check lets an ended session through, and the page rejects it", async () => {
    const visitor = site.createVisitor();
    await visitor.logIn("ann");
    const { token } = visitor;
    await visitor.send("/api/logout", { method: "POST" });
    visitor.token = token;
    expect((await visitor.send("/proxied/quick")).status).toBe(200);
    expect(redirectOf(await visitor.send("/members"))).toBe("/login");
  });

  it("the proxy with a session check replaces a forged header with its own result", async () => {
    const visitor = site.createVisitor();
    const forged = { "x-coatcheck-session": "eyJpZCI6IngiLCJzdWJqZWN0IjoiZXZlIn0.forged" };
    const anonymous = JSON.parse(textOf(await visitor.send("/proxied", { headers: forged }), "proxied"));
    expect(anonymous).toMatchObject({ note: { subject: null }, subject: null });
    await visitor.logIn("ann");
    const loggedIn = JSON.parse(textOf(await visitor.send("/proxied", { headers: forged }), "proxied"));
    expect(loggedIn).toMatchObject({ note: { subject: "ann" }, subject: "ann" });
  });

  it("a new token from a rotation in the proxy reaches the browser and the page of the same request", async () => {
    const visitor = site.createVisitor();
    await visitor.logIn("ann");
    const older = visitor.token;
    for (let visit = 0; visit < 3; visit++) {
      await site.advance(25 * MINUTE);
      await visitor.send("/");
    }
    const response = await visitor.send("/proxied");
    expect(response.cookies).toHaveLength(1);
    expect(visitor.token).not.toBe(older);
    expect(JSON.parse(textOf(response, "proxied"))).toMatchObject({ subject: "ann" });
    expect((await visitor.send("/api/me")).status).toBe(200);
  });

  it("the proxy, a page, an action, a route handler and the Pages Router share one manager", async () => {
    const visitor = site.createVisitor();
    await visitor.send("/proxied");
    await visitor.send("/");
    await visitor.submit("/login", "log-in", { name: "ann" });
    await visitor.send("/api/me");
    await visitor.send("/old");
    expect((await site.readCounts()).opens).toBe(1);
  });
}
