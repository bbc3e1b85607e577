import { sqliteStore } from "coatcheck/store/sqlite";
import { expect, it } from "vitest";
import { textOf } from "./next-fixtures.ts";
import type { NextSite } from "./next-suite.ts";
import { readStoredEvents, sendPageView } from "./next-visits.ts";

/** Defines tests of the end of the process. They stop the application, so they must run last. */
export function testProcessEnd(site: NextSite): void {
  it("SIGTERM stores activity and events that are still in memory before the process exits", async () => {
    const visitor = site.createVisitor();
    await sendPageView(visitor);
    await visitor.logIn("zoe");
    await site.advance(10 * 60_000);
    expect(textOf(await visitor.send("/"), "one")).toBe("zoe:-");
    await sendPageView(visitor, { path: "/shop/tacos" });
    expect(await site.application.stop()).toBe(0);

    const store = await sqliteStore({ path: site.database });
    const { records } = await store.list({ subject: "zoe" }, { limit: 1 });
    await store.close();
    expect((records[0]?.lastSeenAt ?? 0) - (records[0]?.createdAt ?? 0)).toBeGreaterThanOrEqual(10 * 60_000);
    const events = await readStoredEvents(site, visitor.cookies.get("visitor_id") ?? "");
    expect(events.map(({ path }) => path)).toContain("/shop/tacos");
  });
}
