import { describe, expect, test } from "vitest";
import { InvalidatedKeys } from "../../src/cache/invalidated-keys.ts";

function startedAt(position: number): InvalidatedKeys {
  const keys = new InvalidatedKeys(10);
  keys.startAt(position);
  return keys;
}

describe("copies that this process loaded", () => {
  test("are refused after an invalidation of one of their keys, and not before", () => {
    const keys = startedAt(1);
    const before = keys.sequence;
    keys.apply({ position: 5, key: "user:1" });
    expect(keys.allowsLoaded(["user:1"], before)).toBe(false);
    expect(keys.allowsLoaded(["company:1", "user:1"], before)).toBe(false);
    expect(keys.allowsLoaded(["user:2", "#tag"], before)).toBe(true);
    expect(keys.allowsLoaded(["user:1"], keys.sequence)).toBe(true);
  });

  test("are allowed when the log repeats items that were known before the load", () => {
    const keys = startedAt(1);
    keys.apply({ position: 5, key: "user:1" });
    const after = keys.sequence;
    // The cursor of PostgreSQL stands still while a transaction is open, and the poll returns the item again.
    keys.apply({ position: 5, key: "user:1" });
    keys.apply({ position: 4, key: "user:1" });
    expect(keys.allowsLoaded(["user:1"], after)).toBe(true);
    keys.apply({ position: 6, key: "user:1" });
    expect(keys.allowsLoaded(["user:1"], after)).toBe(false);
  });

  test("are refused once for an invalidation that is announced, repeated and then read from the log", () => {
    const keys = startedAt(1);
    const before = keys.sequence;
    keys.markPending("user:1", 5, 1);
    expect(keys.allowsLoaded(["user:1"], before)).toBe(false);
    const after = keys.sequence;
    keys.markPending("user:1", 5, 1);
    keys.apply({ position: 5, key: "user:1" });
    keys.markPending("user:1", 5, 2);
    expect(keys.allowsLoaded(["user:1"], after)).toBe(true);
    keys.markPending("user:1", null, 2);
    expect(keys.allowsLoaded(["user:1"], after)).toBe(false);
  });

  test("are refused for every log item but the announced one, whatever position a hint claims", () => {
    for (const claimed of [4, 6, Number.MAX_SAFE_INTEGER]) {
      const keys = startedAt(1);
      keys.markPending("user:1", claimed, 1);
      const after = keys.sequence;
      keys.apply({ position: 5, key: "user:1" });
      expect(keys.allowsLoaded(["user:1"], after)).toBe(false);
    }
  });

  test("are refused after a revocation of everyone and after a restart of the log", () => {
    const keys = startedAt(1);
    const first = keys.sequence;
    keys.apply({ position: 3, scope: { tenant: "acme" } });
    keys.apply({ position: 3, session: "s", minVersion: 2 });
    expect(keys.allowsLoaded(["user:1"], first)).toBe(true);
    keys.apply({ position: 4, scope: { everyone: true } });
    expect(keys.allowsLoaded(["user:1"], first)).toBe(false);
    const second = keys.sequence;
    keys.startAt(Number.POSITIVE_INFINITY);
    expect(keys.allowsLoaded(["user:1"], second)).toBe(false);
  });

  test("are refused for an item after a restored backup, although its position is lower than earlier ones", () => {
    const keys = startedAt(1);
    keys.apply({ position: 1000, key: "user:1" });
    keys.startAt(50);
    const after = keys.sequence;
    keys.apply({ position: 60, key: "user:1" });
    expect(keys.allowsLoaded(["user:1"], after)).toBe(false);
  });

  test("are refused when the mark of their key has been deleted", () => {
    const keys = startedAt(1);
    const before = keys.sequence;
    for (let id = 0; id < 100; id++) {
      keys.apply({ position: 10 + id, key: `user:${id}` });
      keys.trim();
    }
    expect(keys.size).toBeLessThanOrEqual(10);
    expect(keys.allowsLoaded(["user:0"], before)).toBe(false);
    expect(keys.allowsForeign(["user:0"], 5)).toBe(false);
    expect(keys.allowsLoaded(["user:0"], keys.sequence)).toBe(true);
    expect(keys.allowsForeign(["user:0"], 110)).toBe(true);
  });
});

describe("copies that another process loaded", () => {
  test("are refused below the horizon, and at or below a known item", () => {
    const keys = startedAt(10);
    keys.apply({ position: 20, key: "user:1" });
    expect(keys.allowsForeign(["user:2"], 9)).toBe(false);
    expect(keys.allowsForeign(["user:2"], 10)).toBe(true);
    expect(keys.allowsForeign(["user:1"], 20)).toBe(false);
    expect(keys.allowsForeign(["user:2", "user:1"], 20)).toBe(false);
    expect(keys.allowsForeign(["user:1"], 21)).toBe(true);
    keys.apply({ position: 30, scope: { everyone: true } });
    expect(keys.allowsForeign(["user:1"], 30)).toBe(false);
    expect(keys.allowsForeign(["user:1"], 31)).toBe(true);
  });

  test("are refused while an invalidation is pending, until a later poll", () => {
    const keys = startedAt(10);
    keys.markPending("user:1", null, 3);
    expect(keys.allowsForeign(["user:1"], 99)).toBe(false);
    keys.clearPending(3);
    expect(keys.allowsForeign(["user:1"], 99)).toBe(false);
    keys.clearPending(4);
    expect(keys.allowsForeign(["user:1"], 99)).toBe(true);
  });

  test("are refused before the log is known", () => {
    expect(new InvalidatedKeys(10).allowsForeign(["user:1"], 99)).toBe(false);
  });
});
