import { describe, expect, it } from "vitest";
import type { RecordedVisit } from "../../src/session/recorded-visit.ts";
import { recordOf, rowOf } from "../../src/store/sql-row.ts";
import { makeRecord } from "../../src/testing/records.ts";
import { createFixture } from "./fixtures.ts";

const VISIT: RecordedVisit = {
  id: "0190b5a0-0000-7000-8000-000000000001",
  startedAt: 1,
  lastActivityAt: 1,
  landingPage: "/",
  source: {
    channel: "Direct",
    source: null,
    medium: null,
    campaign: null,
    term: null,
    content: null,
    referrer: null,
    clickId: null,
  },
};

describe("visit fields of a session", () => {
  it("are stored together with a new session, in one write", async () => {
    const { manager, store } = createFixture();
    const session = manager.begin();
    session.recordVisit(() => ({ visitorId: "visitor-1", visit: VISIT }));
    const commit = await session.commit();
    expect(commit.state).toBe("rotated");
    expect((await store.get(session.id))?.record).toMatchObject({
      version: 1,
      visitorId: "visitor-1",
      visit: VISIT,
      conversion: null,
    });
  });

  it("are stored in the same write as pending data, and do not overwrite concurrent changes of the data", async () => {
    const { manager, open } = createFixture();
    const { record, token } = await manager.create({ data: { views: 1 } });
    const session = await open(token);
    session.data.views = 2;
    session.recordVisit(() => ({ visit: VISIT }));
    await manager.patch(record.id, { theme: "dark" });
    await session.commit();
    const stored = await manager.find(record.id);
    expect(stored).toMatchObject({ version: 3, visit: VISIT, data: { views: 2, theme: "dark" } });
  });

  it("do not change the data or the activity when they are stored alone", async () => {
    const { manager, open, advance } = createFixture();
    const { record, token } = await manager.create({ data: { views: 1 } });
    advance(1000);
    const session = await open(token);
    session.recordVisit(() => ({ visit: VISIT }));
    await session.commit();
    expect(await manager.find(record.id)).toMatchObject({
      version: 2,
      visit: VISIT,
      lastSeenAt: record.lastSeenAt,
      data: { views: 1 },
    });
  });

  it("are not written if the function that changes them returns null", async () => {
    const { manager, open } = createFixture();
    const { record, token } = await manager.create();
    await (await open(token)).changeVisit(() => null);
    expect((await manager.find(record.id))?.version).toBe(1);
  });

  it("are dropped without an error if a commit has no other changes and cannot store them", async () => {
    const { manager, open, emitted } = createFixture();
    const { record, token } = await manager.create();
    const session = await open(token);
    await manager.revoke({ session: record.id });
    session.recordVisit(() => ({ visit: VISIT }));
    await expect(session.commit()).resolves.toMatchObject({ state: "touched" });
    expect(emitted).toContain("failed");
  });

  it("are kept at a login", async () => {
    const { manager, open } = createFixture();
    const { record, token } = await manager.create();
    const session = await open(token);
    await session.changeVisit(() => ({ visitorId: "visitor-1", visit: VISIT }));
    await session.authenticate("ann");
    expect(await manager.find(record.id)).toMatchObject({
      subject: "ann",
      visitorId: "visitor-1",
      visit: VISIT,
    });
  });

  it("are null in a row that an earlier version of the library stored", () => {
    const row = rowOf(makeRecord());
    const { visit, conversion, ...body } = JSON.parse(row.body);
    expect([visit, conversion]).toEqual([null, null]);
    const record = recordOf({ ...row, body: JSON.stringify(body) });
    expect([record.visit, record.conversion]).toEqual([null, null]);
  });

  it("cannot be read without the option `visits`, and the error of session.visit names that option", async () => {
    const { manager } = createFixture();
    expect(() => manager.begin().visit).toThrow(/createVisits/);
  });
});
