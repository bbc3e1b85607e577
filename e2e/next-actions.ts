import { expect, it } from "vitest";
import { textOf } from "./next-fixtures.ts";
import type { NextSite } from "./next-suite.ts";

/** Tests of server actions. The forms are sent as a browser without scripts sends them. */
export function serverActions(site: NextSite): void {
  it("a login that ends with redirect() sends the cookie with the redirect", async () => {
    const visitor = site.visitor();
    const response = await visitor.submit("/login", "log-in", { name: "ann", next: "/account" });
    expect(response).toMatchObject({ status: 303, headers: { location: "/account" } });
    expect(response.cookies[0]).toMatch(/^__Host-sid=[^;]{50}; .*Secure; HttpOnly; SameSite=lax$/);
    expect(textOf(await visitor.send("/account"), "account")).toBe("account of ann");
  });

  it("a login does not redirect to another site", async () => {
    for (const next of ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example"]) {
      const response = await site.visitor().submit("/login", "log-in", { name: "ann", next });
      expect(response.headers.location, next).toBe("/");
    }
  });

  it("the page that an action renders sees its login and its logout", async () => {
    const visitor = site.visitor();
    expect(textOf(await visitor.submit("/login", "log-in-here", { name: "ann" }), "here")).toBe("ann:-");
    expect(visitor.token).toBeDefined();
    expect(textOf(await visitor.submit("/login", "log-out", {}), "here")).toBe("-:-");
    expect(visitor.token).toBeUndefined();
  });

  it("data that an action assigns is stored before the page is rendered", async () => {
    const visitor = site.visitor();
    await visitor.logIn("ann");
    const response = await visitor.submit("/login", "set-theme", { theme: "dark" });
    expect(textOf(response, "here")).toBe("ann:dark");
    expect(textOf(await visitor.send("/"), "one")).toBe("ann:dark");
  });

  it("an action that requires a login redirects to the login page without one", async () => {
    const response = await site.visitor().submit("/login", "set-theme", { theme: "dark" });
    expect(response).toMatchObject({ status: 303, headers: { location: "/login" } });
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    // Next.js itself runs the action for the first and the last.
    ["is of another site and has no Origin", { "sec-fetch-site": "cross-site" }],
    ["has the origin of another site", { origin: "https://evil.example" }],
    ["is of a sibling host", { "sec-fetch-site": "same-site", origin: "https://sibling.example" }],
    ["has the origin null", { origin: "null" }],
    ["has neither Origin nor Sec-Fetch-Site", {}],
  ])("an action does not run for a request that %s", async (_condition, headers) => {
    const visitor = site.visitor();
    const response = await visitor.submit("/login", "log-in", { name: "eve" }, headers);
    expect(response.status).toBe(500);
    expect(response.cookies).toEqual([]);
    expect(visitor.token).toBeUndefined();
  });
}
