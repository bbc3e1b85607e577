import { describe, expect, test } from "vitest";
import { HeldSession } from "../../src/session/held.ts";
import type { SessionRecord } from "../../src/session/record.ts";
import { makeRecord } from "../../src/testing/records.ts";

const NOW = 1_800_000_000_123;
const HOUR = 3_600_000;

function held(fields: Partial<SessionRecord> = {}): HeldSession {
  return new HeldSession({ record: makeRecord({ createdAt: NOW, ...fields }), position: 1 });
}

describe("a cached session", () => {
  test("expires at the exact millisecond of either timeout", () => {
    const idle = held({ idleTimeout: HOUR });
    expect(idle.isOver(NOW + HOUR - 1)).toBe(false);
    expect(idle.isOver(NOW + HOUR)).toBe(true);
    const aged = held({ expiresAt: NOW + 1500 });
    aged.see(NOW + 1000);
    expect(aged.isOver(NOW + 1499)).toBe(false);
    expect(aged.isOver(NOW + 1500)).toBe(true);
  });

  test("extends its life with activity, even after an earlier expiry check", () => {
    const session = held({ idleTimeout: HOUR });
    expect(session.isOver(NOW + HOUR - 1)).toBe(false);
    session.see(NOW + HOUR - 1);
    expect(session.isOver(NOW + 2 * HOUR - 2)).toBe(false);
    expect(session.isOver(NOW + 2 * HOUR - 1)).toBe(true);
  });

  test("requests a touch once per threshold, inherited activity included", () => {
    const session = held({ idleTimeout: HOUR });
    expect(session.see(NOW + 59_999)).toBe(false);
    expect(session.see(NOW + 60_000)).toBe(true);
    expect(session.see(NOW + 60_001)).toBe(false);
    expect(session.see(NOW)).toBe(false);
    expect(session.lastSeenAt).toBe(NOW + 60_001);
    const newer = held({ idleTimeout: HOUR });
    newer.inherit(session);
    expect(newer.lastSeenAt).toBe(NOW + 60_001);
    expect(newer.see(NOW + 119_999)).toBe(false);
    expect(newer.see(NOW + 120_000)).toBe(true);
  });

  test("has a sole secret hash except during an unconfirmed rotation and after revocation", () => {
    const secretHash = "h".repeat(43);
    const previousSecretHash = "p".repeat(43);
    expect(held({ secretHash }).soleHash).toBe(secretHash);
    expect(held({ secretHash, previousSecretHash }).soleHash).toBeNull();
    expect(held({ secretHash, previousSecretHash, confirmedAt: NOW }).soleHash).toBe(secretHash);
    expect(held({ secretHash, state: "revoked" }).soleHash).toBeNull();
  });

  test("handles timeouts of several years", () => {
    const session = held({ expiresAt: NOW + 40_000 * HOUR, idleTimeout: 30_000 * HOUR });
    expect(session.see(NOW + 20_000 * HOUR)).toBe(true);
    expect(session.isOver(NOW + 40_000 * HOUR - 1)).toBe(false);
    expect(session.isOver(NOW + 40_000 * HOUR)).toBe(true);
  });
});
