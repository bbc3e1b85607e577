import { MemoryStore, type SessionData } from "express-session";
import { sealData, unsealData } from "iron-session";
import { describe, expect, test } from "vitest";
import { expressSession, ironSession, type LegacyReader, type MigratedUser } from "../../src/legacy/index.ts";
import { inheritedLifetimeOptions } from "../../src/legacy/lifetime.ts";
import { openSite, validate } from "./fixtures.ts";
import { LEGACY_SECRETS, logInAtLegacySite } from "./legacy-site.ts";
import { type Data, sendRequest } from "./site-fixtures.ts";

const SECOND = 1000;
const DAY = 24 * 60 * 60 * SECOND;
/** A lifetime may be up to this many milliseconds shorter than expected, because the steps of a test take time. */
const TOLERANCE = 20 * SECOND;
const PASSWORD = "a password of the old site, 32 characters at least";

const legacyStore = new MemoryStore();
const express = expressSession<SessionData>({ store: legacyStore, secrets: LEGACY_SECRETS });
const iron = ironSession<{ user: string }>({ unsealData, name: "old", password: PASSWORD });

/**
 * Migrates one session. Returns the new session's record, the manager's policy, and the cookie's `Max-Age` in
 * milliseconds. `maxAge` is undefined if the cookie has no `Max-Age`.
 */
async function migrateSession<Found extends object>(
  reader: LegacyReader<Found>,
  cookies: Record<string, string>,
  check: (found: Found) => MigratedUser<Data> | null = validate,
) {
  const { site, manager } = await openSite<Found>([reader], check);
  const response = await sendRequest(site, "/me", cookies);
  const record = await manager.find(JSON.parse(response.body).id);
  if (record === null) throw new Error("The session was not migrated.");
  const line = response.setCookie.find((line) => line.startsWith("__Host-sid=")) ?? "";
  const [, seconds] = /Max-Age=(\d+)/.exec(line) ?? [];
  return { record, policy: manager.policy, maxAge: seconds && Number(seconds) * SECOND };
}

function expectLifetime(actual: unknown, expected: number): void {
  expect(actual).toBeGreaterThan(expected - TOLERANCE);
  expect(actual).toBeLessThanOrEqual(expected);
}

/** Creates a cookie of express-session that lasts longer than its session: 30 days instead of 12. */
async function createLongExpressCookie(): Promise<Record<string, string>> {
  const cookie = await logInAtLegacySite(legacyStore, "ann", LEGACY_SECRETS[0], 30 * DAY);
  const sid = decodeURIComponent(cookie).slice(2).split(".")[0] ?? "";
  await new Promise<void>((resolve) => {
    legacyStore.get(sid, (_error, session) => {
      if (session) session.cookie.expires = new Date(Date.now() + 12 * DAY);
      legacyStore.set(sid, session as SessionData, () => resolve());
    });
  });
  return { "connect.sid": cookie };
}

describe("a migrated session", () => {
  test.each([
    ["express-session", async () => migrateSession(express, await createLongExpressCookie())],
    [
      "iron-session",
      async () =>
        migrateSession(iron, {
          old: await sealData({ user: "ann" }, { password: PASSWORD, ttl: (12 * DAY) / SECOND }),
        }),
    ],
  ])("expires when the legacy cookie would have expired: %s", async (_name, migrate) => {
    const { record, maxAge } = await migrate();
    expectLifetime(record.expiresAt - record.createdAt, 12 * DAY);
    expectLifetime(record.idleTimeout, 12 * DAY);
    expectLifetime(maxAge, 12 * DAY);
  });

  test("ends when the browser closes if the legacy cookie was to end then", async () => {
    const cookie = await logInAtLegacySite(legacyStore, "ann", LEGACY_SECRETS[0], null);
    const { record, policy, maxAge } = await migrateSession(express, { "connect.sid": cookie });
    expect([record.rememberMe, maxAge]).toEqual([false, undefined]);
    expect(record.expiresAt - record.createdAt).toBe(policy.absoluteTimeout);
  });

  test("has the policy's timeouts if the legacy session has no expiry", async () => {
    const seal = await sealData({ user: "ann" }, { password: PASSWORD, ttl: 0 });
    const { record, policy, maxAge } = await migrateSession(iron, { old: seal });
    expect([record.rememberMe, record.idleTimeout]).toEqual([null, policy.idleTimeout]);
    expect([record.expiresAt - record.createdAt, maxAge]).toEqual(Array(2).fill(policy.absoluteTimeout));
  });

  test("has the lifetime that the option `validate` returns", async () => {
    const cookies = await createLongExpressCookie();
    const short = await migrateSession(express, cookies, () => ({
      subject: "ann",
      idleTimeout: 60 * SECOND,
    }));
    expect(short.record.idleTimeout).toBe(60 * SECOND);
    expectLifetime(short.maxAge, 12 * DAY);
    const chosen = await migrateSession(express, await createLongExpressCookie(), () => ({
      subject: "ann",
      rememberMe: true,
    }));
    expect(chosen.maxAge).toBe(chosen.policy.rememberMe.absoluteTimeout);
  });
});

test("inheritedLifetimeOptions() returns at least one millisecond, and at most the maximum lifetime of browser cookies", () => {
  const limit = 400 * DAY;
  expect(inheritedLifetimeOptions(1e15, 0)).toEqual({ idleTimeout: limit, absoluteTimeout: limit });
  expect(inheritedLifetimeOptions(5, 5)).toEqual({ idleTimeout: 1, absoluteTimeout: 1 });
});
