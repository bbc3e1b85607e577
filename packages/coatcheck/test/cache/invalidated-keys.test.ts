import { describe, expect, test } from "vitest";
import { InvalidatedKeys } from "../../src/cache/invalidated-keys.ts";

function createKeysFrom(position: number): InvalidatedKeys {
  const keys = new InvalidatedKeys(10);
  keys.startAt(position);
  return keys;
}

describe("copies that this process loaded", () => {
  test("may be used until one of their keys is invalidated", () => {
    const keys = createKeysFrom(1);
    const before = keys.sequence;
    keys.apply({ position: 5, key: "user:1" });
    expect(keys.allowsLoaded(["user:1"], before)).toBe(false);
    expect(keys.allowsLoaded(["company:1", "user:1"], before)).toBe(false);
    expect(keys.allowsLoaded(["user:2", "#tag"], before)).toBe(true);
    expect(keys.allowsLoaded(["user:1"], keys.sequence)).toBe(true);
  });

  test("may still be used when the log repeats invalidations that were known before the load", () => {
    const keys = createKeysFrom(1);
    keys.apply({ position: 5, key: "user:1" });
    const after = keys.sequence;
    // While a transaction is open in PostgreSQL, the log's cursor does not move, so each poll returns the item again.
    keys.apply({ position: 5, key: "user:1" });
    keys.apply({ position: 4, key: "user:1" });
    expect(keys.allowsLoaded(["user:1"], after)).toBe(true);
    keys.apply({ position: 6, key: "user:1" });
    expect(keys.allowsLoaded(["user:1"], after)).toBe(false);
  });

  test("are allowed if they were loaded after a hint announced the invalidation, but before the log contained it", () => {
    const keys = createKeysFrom(1);
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

  test("are refused if the position of the invalidation in the log differs from the position in the hint", () => {
    for (const claimed of [4, 6, Number.MAX_SAFE_INTEGER]) {
      const keys = createKeysFrom(1);
      keys.markPending("user:1", claimed, 1);
      const after = keys.sequence;
      keys.apply({ position: 5, key: "user:1" });
      expect(keys.allowsLoaded(["user:1"], after)).toBe(false);
    }
  });

  test("are refused after all sessions are revoked, and after this process has begun to read the log again", () => {
    const keys = createKeysFrom(1);
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

  test("are refused after an invalidation at a lower position than earlier invalidations, as after the restore of a backup", () => {
    const keys = createKeysFrom(1);
    keys.apply({ position: 1000, key: "user:1" });
    keys.startAt(50);
    const after = keys.sequence;
    keys.apply({ position: 60, key: "user:1" });
    expect(keys.allowsLoaded(["user:1"], after)).toBe(false);
  });

  test("are refused if this process has deleted the invalidation of their key to save memory", () => {
    const keys = createKeysFrom(1);
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
  test("are refused if they are older than the known part of the log, or not newer than an invalidation of their keys", () => {
    const keys = createKeysFrom(10);
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

  test("are refused while an invalidation of their key is pending, until the response to a later poll", () => {
    const keys = createKeysFrom(10);
    keys.markPending("user:1", null, 3);
    expect(keys.allowsForeign(["user:1"], 99)).toBe(false);
    keys.clearPending(3);
    expect(keys.allowsForeign(["user:1"], 99)).toBe(false);
    keys.clearPending(4);
    expect(keys.allowsForeign(["user:1"], 99)).toBe(true);
  });

  test("are refused before the first poll", () => {
    expect(new InvalidatedKeys(10).allowsForeign(["user:1"], 99)).toBe(false);
  });
});
