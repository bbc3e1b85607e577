import { describe, expect, test } from "vitest";
import { CachedSession } from "../../src/session/cached-session.ts";
import type { SessionRecord } from "../../src/session/record.ts";
import { makeRecord } from "../../src/testing/records.ts";

const NOW = 1_800_000_000_123;
const HOUR = 3_600_000;

function createCachedSession(fields: Partial<SessionRecord> = {}): CachedSession {
  return new CachedSession({ record: makeRecord({ createdAt: NOW, ...fields }), position: 1 });
}

describe("a cached session", () => {
  test("expires exactly at the idle timeout or the absolute timeout", () => {
    const idle = createCachedSession({ idleTimeout: HOUR });
    expect(idle.hasExpired(NOW + HOUR - 1)).toBe(false);
    expect(idle.hasExpired(NOW + HOUR)).toBe(true);
    const aged = createCachedSession({ expiresAt: NOW + 1500 });
    aged.recordActivity(NOW + 1000);
    expect(aged.hasExpired(NOW + 1499)).toBe(false);
    expect(aged.hasExpired(NOW + 1500)).toBe(true);
  });

  test("expires later after activity, even if its expiry was checked before the activity", () => {
    const session = createCachedSession({ idleTimeout: HOUR });
    expect(session.hasExpired(NOW + HOUR - 1)).toBe(false);
    session.recordActivity(NOW + HOUR - 1);
    expect(session.hasExpired(NOW + 2 * HOUR - 2)).toBe(false);
    expect(session.hasExpired(NOW + 2 * HOUR - 1)).toBe(true);
  });

  test("requires a touch only once per touch threshold, and takes the activity of an earlier copy into account", () => {
    const session = createCachedSession({ idleTimeout: HOUR });
    expect(session.recordActivity(NOW + 59_999)).toBe(false);
    expect(session.recordActivity(NOW + 60_000)).toBe(true);
    expect(session.recordActivity(NOW + 60_001)).toBe(false);
    expect(session.recordActivity(NOW)).toBe(false);
    expect(session.lastSeenAt).toBe(NOW + 60_001);
    const newer = createCachedSession({ idleTimeout: HOUR });
    newer.inheritActivity(session);
    expect(newer.lastSeenAt).toBe(NOW + 60_001);
    expect(newer.recordActivity(NOW + 119_999)).toBe(false);
    expect(newer.recordActivity(NOW + 120_000)).toBe(true);
  });

  test("has no current hash after a revocation, nor between a rotation and the first use of the new token", () => {
    const secretHash = "h".repeat(43);
    const older = { hash: "p".repeat(43), replacedAt: NOW, validUntil: NOW, revokesOnReuse: false };
    const olderSecrets = [older];
    expect(createCachedSession({ secretHash }).currentHash).toBe(secretHash);
    expect(createCachedSession({ secretHash, olderSecrets }).currentHash).toBeNull();
    expect(createCachedSession({ secretHash, olderSecrets, tokenUsedAt: NOW }).currentHash).toBe(secretHash);
    expect(createCachedSession({ secretHash, state: "revoked" }).currentHash).toBeNull();
  });

  test("keeps its expiry exact for timeouts of several years", () => {
    const session = createCachedSession({ expiresAt: NOW + 40_000 * HOUR, idleTimeout: 30_000 * HOUR });
    expect(session.recordActivity(NOW + 20_000 * HOUR)).toBe(true);
    expect(session.hasExpired(NOW + 40_000 * HOUR - 1)).toBe(false);
    expect(session.hasExpired(NOW + 40_000 * HOUR)).toBe(true);
  });
});
