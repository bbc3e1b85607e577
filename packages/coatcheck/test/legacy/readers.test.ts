import { createSecretKey } from "node:crypto";
import { MemoryStore, type SessionData } from "express-session";
import { sealData, unsealData } from "iron-session";
import { exportSPKI, generateKeyPair, jwtVerify, SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, test } from "vitest";
import { expressSession, ironSession, jwtCookie, type LegacyReader } from "../../src/legacy/index.ts";
import { openSite, validate } from "./fixtures.ts";
import { LEGACY_SECRETS, logInAtLegacySite } from "./legacy-site.ts";
import { Browser, findClearedCookies, findSessionToken, sendRequest, startHono } from "./site-fixtures.ts";

const PASSWORD = "a password of the old site, 32 characters at least";
const KEY = createSecretKey(Buffer.from("a shared secret of the old site, 32 bytes"));

function signToken(user: string, expires = "1h", algorithm = "HS256"): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: algorithm })
    .setSubject(user)
    .setExpirationTime(expires)
    .sign(KEY);
}

const legacyStore = new MemoryStore();
const jwt = jwtCookie({ jwtVerify, key: KEY, algorithms: ["HS256"], name: "jwt", others: ["refresh"] });
const iron = ironSession<{ user: string }>({ unsealData, name: "old", password: PASSWORD, ttl: 3600 });

interface ReaderCase {
  readonly reader: LegacyReader<object>;
  readonly logIn: (user: string) => Promise<Record<string, string>>;
  readonly expired: () => Promise<Record<string, string>>;
  readonly forged: () => Promise<Record<string, string>>;
}

const READERS = Object.entries<ReaderCase>({
  "express-session": {
    reader: expressSession<SessionData>({ store: legacyStore, secrets: LEGACY_SECRETS }),
    logIn: async (user) => ({ "connect.sid": await logInAtLegacySite(legacyStore, user) }),
    expired: async () => ({
      "connect.sid": await logInAtLegacySite(legacyStore, "ann", LEGACY_SECRETS[0], -1000),
    }),
    forged: async () => ({
      "connect.sid": await logInAtLegacySite(legacyStore, "ann", "a secret of another site"),
    }),
  },
  "iron-session": {
    reader: iron,
    logIn: async (user) => ({ old: await sealData({ user }, { password: PASSWORD, ttl: 3600 }) }),
    expired: async () => ({ old: await sealData({ user: "ann" }, { password: PASSWORD, ttl: -3600 }) }),
    forged: async () => ({ old: await sealData({ user: "ann" }, { password: `another ${PASSWORD}` }) }),
  },
  JWT: {
    reader: jwt,
    logIn: async (user) => ({ jwt: await signToken(user), refresh: "abc" }),
    expired: async () => ({ jwt: await signToken("ann", "-1h") }),
    forged: async () => ({ jwt: new UnsecuredJWT().setSubject("ann").setExpirationTime("1h").encode() }),
  },
});

describe.each(READERS)("the reader for %s", (_name, { reader, logIn, expired, forged }) => {
  test("migrates a browser only once if ten requests arrive at the same time", async () => {
    const { site, manager } = await openSite([reader], validate, { start: startHono });
    const cookies = await logIn("ann");
    const responses = await Promise.all(Array.from({ length: 10 }, () => sendRequest(site, "/me", cookies)));
    expect(new Set(responses.map(findSessionToken)).size).toBe(1);
    expect(responses.map(({ body }) => JSON.parse(body).subject)).toEqual(Array(10).fill("ann"));
    expect((await manager.stats()).total).toBe(1);
    const browser = new Browser(site, cookies);
    await browser.getMe();
    expect(Object.keys(browser.cookies)).toEqual(["__Host-sid"]);
  });

  test("rejects malformed and forged cookies without clearing them", async () => {
    const { site, manager, outcomes } = await openSite([reader], validate);
    const [[name = "", genuine = ""] = []] = Object.entries(await logIn("ann"));
    const shortened = `${genuine.slice(0, 20)}${genuine.slice(21)}`;
    const invalid = [
      "",
      "x",
      "s:",
      "s:.",
      "a.b.c",
      "%",
      "%E0%A4%A",
      "=",
      "Fe26.2**",
      shortened,
      "x".repeat(4000),
      `x${genuine}`,
    ];
    for (const value of invalid) {
      const response = await sendRequest(site, "/me", { [name]: value });
      expect([value, response.status, response.setCookie]).toEqual([value, 200, []]);
      expect(JSON.parse(response.body).subject).toBeNull();
    }
    expect((await sendRequest(site, "/me", await forged())).setCookie).toEqual([]);
    expect(new Set(outcomes)).toEqual(new Set(["unreadable"]));
    expect((await manager.stats()).total).toBe(0);
  });

  test("clears the cookies of an expired session", async () => {
    const { site, outcomes } = await openSite([reader], validate);
    const cookies = await expired();
    const response = await sendRequest(site, "/me", cookies);
    expect(JSON.parse(response.body).subject).toBeNull();
    expect(findClearedCookies(response)).toContain(`${Object.keys(cookies)[0]} /`);
    expect(outcomes).toEqual(["expired"]);
  });

  test("clears the cookies of a user that the option `validate` rejects", async () => {
    const { site, manager, outcomes } = await openSite([reader], validate);
    const browser = new Browser(site, await logIn("deleted"));
    expect((await browser.getMe()).subject).toBeNull();
    expect(browser.cookies).toEqual({});
    expect(outcomes).toEqual(["rejected"]);
    expect((await manager.stats()).total).toBe(0);
  });

  test("uses the first valid cookie when several have the same name", async () => {
    const { site } = await openSite([reader], validate);
    const [[name = "", value = ""] = []] = Object.entries(await logIn("ann"));
    const response = await sendRequest(site, "/me", { [name]: `garbage; ${name}=${value}` });
    expect(JSON.parse(response.body).subject).toBe("ann");
  });
});

test("expressSession() refuses an expired session even if the legacy store still returns it", async () => {
  const sessions = new Map<string, string>();
  const store = {
    get: (sid: string, callback: (error: unknown, found?: object | null) => void) =>
      callback(null, JSON.parse(sessions.get(sid) ?? "null")),
    destroy: (sid: string, callback?: (error?: unknown) => void) => {
      sessions.delete(sid);
      callback?.();
    },
  };
  const { site, outcomes } = await openSite([expressSession({ store, secrets: LEGACY_SECRETS })], validate);
  for (const expires of ["2015-01-01T00:00:00Z", new Date(Date.now() + 60_000).toISOString(), null]) {
    const cookie = await logInAtLegacySite(new MemoryStore(), "ann");
    const sid = /^s:([^.]+)/.exec(decodeURIComponent(cookie))?.[1] ?? "";
    sessions.set(sid, JSON.stringify({ user: "ann", cookie: { expires } }));
    await sendRequest(site, "/me", { "connect.sid": cookie });
  }
  expect(outcomes).toEqual(["expired", "migrated", "migrated"]);
});

test("expressSession() treats the store's error ENOENT as a missing session", async () => {
  const missing = Object.assign(new Error("no such file"), { code: "ENOENT" });
  const store = {
    get: (_sid: string, callback: (error: unknown) => void) => callback(missing),
    destroy: (_sid: string, callback?: (error?: unknown) => void) => callback?.(),
  };
  const { site, outcomes } = await openSite([expressSession({ store, secrets: LEGACY_SECRETS })], validate);
  await sendRequest(site, "/me", { "connect.sid": await logInAtLegacySite(legacyStore, "ann") });
  expect(outcomes).toEqual(["expired"]);
});

test("a migration with several readers accepts the cookies of each of them", async () => {
  const readers = READERS.map(([, { reader }]) => reader);
  const { site } = await openSite(readers, validate);
  for (const [index, [, { logIn }]] of READERS.entries()) {
    const cookies = { ...(await logIn(`user-${index}`)), "connect.sid2": "x" };
    const response = await sendRequest(site, "/me", cookies);
    expect(JSON.parse(response.body).subject).toBe(`user-${index}`);
  }
});

describe("another encoding of a legacy cookie does not recreate a revoked session", () => {
  test("ironSession() ignores the unsigned version number at the end of a seal", async () => {
    const { site, manager } = await openSite([iron], validate);
    const seal = await sealData({ user: "ann" }, { password: PASSWORD, ttl: 3600 });
    const response = await sendRequest(site, "/me", { old: seal });
    await manager.revoke({ session: JSON.parse(response.body).id });
    for (const version of ["", "~1", "~2~2", "~3"]) {
      const replay = await sendRequest(site, "/me", { old: seal.replace("~2", version) });
      expect([version, JSON.parse(replay.body).subject]).toEqual([version, null]);
    }
  });

  test("jwtCookie() ignores the unused last bits of a base64url signature", async () => {
    const { site, manager } = await openSite([jwt], validate);
    const genuine = await signToken("ann");
    const { id } = JSON.parse((await sendRequest(site, "/me", { jwt: genuine })).body);
    await manager.revoke({ session: id });
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (const letter of alphabet) {
      const replay = await sendRequest(site, "/me", { jwt: genuine.slice(0, -1) + letter });
      expect(JSON.parse(replay.body).subject).toBeNull();
    }
  });
});

test("ironSession() reads a sealed session that is split into several cookies", async () => {
  const { site } = await openSite([iron], validate);
  const seal = await sealData({ user: "ann" }, { password: { 1: PASSWORD }, ttl: 3600 });
  const browser = new Browser(site, { "old.0": seal.slice(0, 100), "old.1": seal.slice(100) });
  expect((await browser.getMe()).subject).toBe("ann");
  expect(Object.keys(browser.cookies)).toEqual(["__Host-sid"]);
});

describe("jwtCookie()", () => {
  test("rejects unlisted algorithms, such as HS256 with the public key as secret, and other issuers", async () => {
    const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
    const reader = jwtCookie({
      jwtVerify,
      key: publicKey,
      algorithms: ["RS256"],
      name: "jwt",
      issuer: "old",
    });
    const { site, outcomes } = await openSite([reader], validate);
    const make = (alg: string, key: Parameters<SignJWT["sign"]>[0], issuer = "old") =>
      new SignJWT().setProtectedHeader({ alg }).setSubject("ann").setIssuer(issuer).sign(key);
    const confused = await make("HS256", new TextEncoder().encode(await exportSPKI(publicKey)));
    await sendRequest(site, "/me", { jwt: confused });
    await sendRequest(site, "/me", { jwt: await make("RS256", privateKey, "another issuer") });
    expect(outcomes).toEqual(["unreadable", "unreadable"]);
    const response = await sendRequest(site, "/me", { jwt: await make("RS256", privateKey) });
    expect(JSON.parse(response.body).subject).toBe("ann");
  });

  test.each([
    ["a text for a shared secret", "a-secret", ["HS256"], "must be bytes, not a string"],
    ["a text for a public key", "-----BEGIN PUBLIC KEY-----", ["RS256"], "must be an imported key"],
    ["bytes for a public key", new Uint8Array(32), ["ES256"], "must be a public key"],
    ["no key", undefined, ["HS256"], "is missing"],
  ])("rejects %s immediately, before the first request", (_name, key, algorithms, message) => {
    expect(() => jwtCookie<unknown>({ jwtVerify: jwtVerify as never, key, algorithms, name: "jwt" })).toThrow(
      expect.objectContaining({
        code: "VALIDATION_FAILED",
        faults: [{ path: "key", message: expect.stringContaining(message) }],
      }),
    );
  });

  test.each([[[]], [["none"]], [["HS256", "NONE"]]])("rejects the algorithms %j", (algorithms) => {
    expect(() => jwtCookie({ jwtVerify, key: KEY, algorithms, name: "jwt" })).toThrow(
      expect.objectContaining({
        code: "VALIDATION_FAILED",
        message: expect.stringMatching(/^Invalid JWT cookie options: algorithms must list/),
      }),
    );
  });

  test("responds 503 and keeps the cookie when the key cannot be fetched", async () => {
    const key = async () => {
      throw new TypeError("fetch failed");
    };
    const reader = jwtCookie({ jwtVerify, key, algorithms: ["HS256"], name: "jwt" });
    const { site } = await openSite([reader], validate);
    const response = await sendRequest(site, "/me", { jwt: await signToken("ann") });
    expect([response.status, response.setCookie]).toEqual([503, []]);
  });
});

test.each([[{ names: ["a b"] }], [{ domains: ["exa mple"] }], [{ paths: ["shop"] }]])(
  "migrate() rejects the invalid clear options %j",
  async (clear) => {
    await expect(openSite([jwt], validate, { clear })).rejects.toMatchObject({ code: "VALIDATION_FAILED" });
  },
);

describe("the reader's function that returns the key of a login", () => {
  const idOf = ({ jti }: { jti?: string }) => jti as string;
  const jwtOf = (name: string) => jwtCookie({ jwtVerify, key: KEY, algorithms: ["HS256"], name, id: idOf });
  const signToken = (user: string, jti?: string) => {
    const token = new SignJWT({ sub: user }).setProtectedHeader({ alg: "HS256" }).setExpirationTime("1h");
    return (jti === undefined ? token : token.setJti(jti)).sign(KEY);
  };

  test("makes the cookie unreadable if it returns no key or an empty one, so that no two users share a session", async () => {
    const seals = ironSession<{ user: string; id: string }>({
      unsealData,
      name: "old",
      password: PASSWORD,
      key: ({ id }) => id,
    });
    const { site, outcomes } = await openSite<{ user?: string; sub?: string }>(
      [jwtOf("jwt"), seals],
      validate,
    );
    for (const user of ["ann", "bob"]) {
      const cookies = [
        { jwt: await signToken(user) },
        { jwt: await signToken(user, "") },
        { old: await sealData({ user }, { password: PASSWORD }) },
      ];
      for (const each of cookies) {
        expect(JSON.parse((await sendRequest(site, "/me", each)).body).subject).toBeNull();
      }
    }
    expect(outcomes).toEqual(Array(6).fill("unreadable"));
  });

  test("may return equal keys for logins of different legacy systems, whose sessions stay separate", async () => {
    const { site } = await openSite([jwtOf("staff"), jwtOf("customer")], validate);
    const staff = await sendRequest(site, "/me", { staff: await signToken("ann", "1") });
    expect(JSON.parse(staff.body).subject).toBe("ann");
    const customer = await sendRequest(site, "/me", { customer: await signToken("bob", "1") });
    expect(JSON.parse(customer.body).subject).toBe("bob");
  });
});
