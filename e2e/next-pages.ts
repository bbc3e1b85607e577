import { expect, it } from "vitest";
import { redirectOf, textOf } from "./next-fixtures.ts";
import type { NextSite } from "./next-suite.ts";

const MINUTE = 60_000;

/** Defines tests of server components. */
export function testServerComponents(site: NextSite): void {
  it("a layout, a page and three components share one check of the session", async () => {
    const visitor = site.createVisitor();
    await visitor.logIn("ann");
    const before = await site.readCounts();
    const page = await visitor.send("/");
    expect(textOf(page, "one")).toBe("ann:-");
    expect(textOf(page, "two")).toBe("ann:-");
    expect((await site.readCounts()).checks - before.checks).toBe(1);
  });

  it("the state for the client contains the user but no secrets of the session", async () => {
    const visitor = site.createVisitor();
    await visitor.logIn("ann");
    const state = JSON.parse(textOf(await visitor.send("/"), "state"));
    expect(Object.keys(state).sort()).toEqual(["csrf_token", "rev", "session", "status", "user"]);
    expect(state).toMatchObject({ status: "authenticated", user: { id: "ann", tenantId: "tenant-of-ann" } });
    expect(Object.keys(state.session).sort()).toEqual([
      "createdAt",
      "expiresAt",
      "expiresInMs",
      "id",
      "idleExpiresInMs",
      "subject",
      "tenant",
      "type",
      "version",
    ]);
  });

  it("the state is `none` for a missing cookie, a malformed cookie and a deleted user", async () => {
    const visitor = site.createVisitor();
    expect(JSON.parse(textOf(await visitor.send("/"), "state")).status).toBe("none");
    visitor.token = "malformed";
    expect(JSON.parse(textOf(await visitor.send("/"), "state")).status).toBe("none");
    await visitor.logIn("deleted");
    expect(JSON.parse(textOf(await visitor.send("/"), "state"))).toMatchObject({
      status: "none",
      user: null,
    });
  });

  it("the state is `pending` if a login has just replaced the token", async () => {
    const visitor = site.createVisitor();
    await visitor.send("/api/visit", { method: "POST" });
    const older = visitor.token;
    await visitor.logIn("ann");
    visitor.token = older;
    const page = await visitor.send("/");
    expect(JSON.parse(textOf(page, "state"))).toEqual({ status: "pending", session: null, user: null });
    expect(page.cookies).toEqual([]);
  });

  it("a page extends the session without setting a cookie", async () => {
    const visitor = site.createVisitor();
    await visitor.logIn("ann");
    for (let visit = 0; visit < 2; visit++) {
      await site.advance(20 * MINUTE);
      const page = await visitor.send("/");
      expect(page.cookies).toEqual([]);
      expect(textOf(page, "one")).toBe("ann:-");
    }
    await site.advance(31 * MINUTE);
    expect(JSON.parse(textOf(await visitor.send("/"), "state"))).toMatchObject({
      status: "none",
      reason: "expired",
    });
  });

  it("a prefetch by the browser does not extend the session", async () => {
    const visitor = site.createVisitor();
    await visitor.logIn("ann");
    await site.advance(20 * MINUTE);
    const prefetched = await visitor.send("/", { headers: { "sec-purpose": "prefetch" } });
    expect(textOf(prefetched, "one")).toBe("ann:-");
    await site.advance(20 * MINUTE);
    expect(textOf(await visitor.send("/"), "one")).toBe("-:-");
  });

  it("a token that is due for rotation is rotated by the next route handler, not by a page", async () => {
    const visitor = site.createVisitor();
    await visitor.logIn("ann");
    const older = visitor.token;
    for (let visit = 0; visit < 3; visit++) {
      await site.advance(25 * MINUTE);
      expect((await visitor.send("/")).cookies).toEqual([]);
    }
    const response = await visitor.send("/api/me");
    expect(response.status).toBe(200);
    expect(visitor.token).not.toBe(older);
    // A late request with the older token still succeeds.
    const late = site.createVisitor();
    late.token = older;
    expect(textOf(await late.send("/"), "one")).toBe("ann:-");
    expect(textOf(await visitor.send("/"), "one")).toBe("ann:-");
  });

  it("a write in a component throws an error that names the places where a write is allowed", async () => {
    const visitor = site.createVisitor();
    await visitor.logIn("ann");
    const errors = textOf(await visitor.send("/writes"), "errors").split("\n");
    expect(errors).toEqual([
      expect.stringMatching(/^UsageError: .*authenticate\(\) .*withSessionAction or withServerSession/),
      expect.stringMatching(/^UsageError: .*data\.theme .*withSessionAction or withServerSession/),
    ]);
    expect(textOf(await visitor.send("/"), "one")).toBe("ann:-");
  });

  it("a page that requires a login redirects a visitor who is not logged in, or responds 401 if there is no login page", async () => {
    const visitor = site.createVisitor();
    expect(redirectOf(await visitor.send("/members"))).toBe("/login");
    const refused = await visitor.send("/strict");
    if (!site.variant.cacheComponents) expect(refused.status).toBe(401);
    expect(refused.body).toContain(
      site.variant.cacheComponents ? "NEXT_HTTP_ERROR_FALLBACK;401" : "Please log in.",
    );
    await visitor.logIn("ann");
    expect((await visitor.send("/members")).body).toContain("page of ann");
    expect((await visitor.send("/strict")).body).toContain("strict page of ann");
  });

  it.runIf(site.variant.cacheComponents)(
    "reading a session inside `use cache` throws an error that explains the alternative",
    async () => {
      const visitor = site.createVisitor();
      await visitor.logIn("ann");
      const page = await visitor.send("/cached");
      // In production, the page contains only a digest of the error. The server's log contains the message.
      expect(textOf(page, "cached")).toMatch(/^Error/);
      expect(textOf(page, "privately-cached")).toMatch(/Error/);
      expect(site.application.output()).toContain('A session was read inside "use cache"');
    },
  );
}
