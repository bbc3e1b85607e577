import { expect, it } from "vitest";
import { textOf } from "./next-fixtures.ts";
import type { NextSite } from "./next-suite.ts";

/** Defines tests of server actions. They send forms as a browser without JavaScript does. */
export function testServerActions(site: NextSite): void {
  it("a login action that calls redirect() sets the session cookie", async () => {
    const visitor = site.createVisitor();
    const response = await visitor.submit("/login", "log-in", { name: "ann", next: "/account" });
    expect(response).toMatchObject({ status: 303, headers: { location: "/account" } });
    expect(response.cookies[0]).toMatch(/^__Host-sid=[^;]{50}; .*Secure; HttpOnly; SameSite=lax$/);
    expect(textOf(await visitor.send("/account"), "account")).toBe("account of ann");
  });

  it("a login action does not redirect to another site", async () => {
    for (const next of ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example"]) {
      const response = await site.createVisitor().submit("/login", "log-in", { name: "ann", next });
      expect(response.headers.location, next).toBe("/");
    }
  });

  it("a page that is rendered after an action shows the action's login or logout", async () => {
    const visitor = site.createVisitor();
    expect(textOf(await visitor.submit("/login", "log-in-here", { name: "ann" }), "here")).toBe("ann:-");
    expect(visitor.token).toBeDefined();
    expect(textOf(await visitor.submit("/login", "log-out", {}), "here")).toBe("-:-");
    expect(visitor.token).toBeUndefined();
  });

  it("data that an action assigns is stored before the page is rendered", async () => {
    const visitor = site.createVisitor();
    await visitor.logIn("ann");
    const response = await visitor.submit("/login", "set-theme", { theme: "dark" });
    expect(textOf(response, "here")).toBe("ann:dark");
    expect(textOf(await visitor.send("/"), "one")).toBe("ann:dark");
  });

  it("an action that requires a login redirects a visitor who is not logged in to the login page", async () => {
    const response = await site.createVisitor().submit("/login", "set-theme", { theme: "dark" });
    expect(response).toMatchObject({ status: 303, headers: { location: "/login" } });
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    // Without the library's check, Next.js would run the action for the first and the last of these requests.
    ["from another site without an Origin header", { "sec-fetch-site": "cross-site" }],
    ["with another site's Origin header", { origin: "https://evil.example" }],
    ["from another subdomain", { "sec-fetch-site": "same-site", origin: "https://sibling.example" }],
    ["with the Origin header null", { origin: "null" }],
    ["with neither Origin nor Sec-Fetch-Site", {}],
  ])("an action does not run for a request %s", async (_condition, headers) => {
    const visitor = site.createVisitor();
    const response = await visitor.submit("/login", "log-in", { name: "eve" }, headers);
    expect(response.status).toBe(500);
    expect(response.cookies).toEqual([]);
    expect(visitor.token).toBeUndefined();
  });
}
