import { expect, it } from "vitest";
import { redirectOf, textOf } from "./next-fixtures.ts";
import type { NextSite } from "./next-suite.ts";

const MINUTE = 60_000;

/** Tests of server components. */
export function serverComponents(site: NextSite): void {
  it("a layout, a page and three components check the session once", async () => {
    const visitor = site.visitor();
    await visitor.logIn("ann");
    const before = await site.counts();
    const page = await visitor.send("/");
    expect(textOf(page, "one")).toBe("ann:-");
    expect(textOf(page, "two")).toBe("ann:-");
    expect((await site.counts()).checks - before.checks).toBe(1);
  });

  it("the state has the user, and nothing of the session that is secret", async () => {
    const visitor = site.visitor();
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

  it("the state is none for a missing and a malformed cookie, and for a user who no longer exists", async () => {
    const visitor = site.visitor();
    expect(JSON.parse(textOf(await visitor.send("/"), "state")).status).toBe("none");
    visitor.token = "malformed";
    expect(JSON.parse(textOf(await visitor.send("/"), "state")).status).toBe("none");
    await visitor.logIn("deleted");
    expect(JSON.parse(textOf(await visitor.send("/"), "state"))).toMatchObject({
      status: "none",
      user: null,
    });
  });

  it("the state is pending for a token that a login has just replaced", async () => {
    const visitor = site.visitor();
    await visitor.send("/api/visit", { method: "POST" });
    const older = visitor.token;
    await visitor.logIn("ann");
    visitor.token = older;
    const page = await visitor.send("/");
    expect(JSON.parse(textOf(page, "state"))).toEqual({ status: "pending", session: null, user: null });
    expect(page.cookies).toEqual([]);
  });

  it("a page sets no cookie, and a browser's cookie needs no renewal: reading extends the session", async () => {
    const visitor = site.visitor();
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

  it("a prefetch of the browser does not extend the session", async () => {
    const visitor = site.visitor();
    await visitor.logIn("ann");
    await site.advance(20 * MINUTE);
    const prefetched = await visitor.send("/", { headers: { "sec-purpose": "prefetch" } });
    expect(textOf(prefetched, "one")).toBe("ann:-");
    await site.advance(20 * MINUTE);
    expect(textOf(await visitor.send("/"), "one")).toBe("-:-");
  });

  it("a rotation that is due during a rendering waits for the next route handler", async () => {
    const visitor = site.visitor();
    await visitor.logIn("ann");
    const older = visitor.token;
    for (let visit = 0; visit < 3; visit++) {
      await site.advance(25 * MINUTE);
      expect((await visitor.send("/")).cookies).toEqual([]);
    }
    const response = await visitor.send("/api/me");
    expect(response.status).toBe(200);
    expect(visitor.token).not.toBe(older);
    // A page that is on its way with the older token still renders.
    const late = site.visitor();
    late.token = older;
    expect(textOf(await late.send("/"), "one")).toBe("ann:-");
    expect(textOf(await visitor.send("/"), "one")).toBe("ann:-");
  });

  it("a component that writes gets an error that says where to write instead", async () => {
    const visitor = site.visitor();
    await visitor.logIn("ann");
    const errors = textOf(await visitor.send("/writes"), "errors").split("\n");
    expect(errors).toEqual([
      expect.stringMatching(/^UsageError: .*authenticate\(\) .*withSessionAction or withServerSession/),
      expect.stringMatching(/^UsageError: .*data\.theme .*withSessionAction or withServerSession/),
    ]);
    expect(textOf(await visitor.send("/"), "one")).toBe("ann:-");
  });

  it("a page that requires a login redirects to the login page, or is unauthorized without one", async () => {
    const visitor = site.visitor();
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
    'a session that is read inside "use cache" is an error that says what to do instead',
    async () => {
      const visitor = site.visitor();
      await visitor.logIn("ann");
      const page = await visitor.send("/cached");
      // In production, the page shows a digest of the error, and the server's log has its message.
      expect(textOf(page, "cached")).toMatch(/^Error/);
      expect(textOf(page, "privately-cached")).toMatch(/Error/);
      expect(site.application.output()).toContain('A session was read inside "use cache"');
    },
  );
}
