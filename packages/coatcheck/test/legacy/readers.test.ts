import { createSecretKey } from "node:crypto";
import { MemoryStore, type SessionData } from "express-session";
import { sealData, unsealData } from "iron-session";
import { exportSPKI, generateKeyPair, jwtVerify, SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, test } from "vitest";
import { expressSession, ironSession, jwtCookie, type LegacyReader } from "../../src/legacy/index.ts";
import { logInAtTheOldSite, OLD_SECRETS } from "./old-site.ts";
import { openSite, validate } from "./rig.ts";
import { ask, Browser, clearsIn, startHono, tokenIn } from "./site.ts";

const PASSWORD = "a password of the old site, 32 characters at least";
const KEY = createSecretKey(Buffer.from("a shared secret of the old site, 32 bytes"));

function token(user: string, expires = "1h", algorithm = "HS256"): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: algorithm })
    .setSubject(user)
    .setExpirationTime(expires)
    .sign(KEY);
}

const old = new MemoryStore();
const jwt = jwtCookie({ jwtVerify, key: KEY, algorithms: ["HS256"], name: "jwt", others: ["refresh"] });
const iron = ironSession<{ user: string }>({ unsealData, name: "old", password: PASSWORD, ttl: 3600 });

interface Kind {
  readonly reader: LegacyReader<object>;
  readonly make: (user: string) => Promise<Record<string, string>>;
  readonly expired: () => Promise<Record<string, string>>;
  readonly forged: () => Promise<Record<string, string>>;
}

const kinds: Record<string, Kind> = {
  "express-session": {
    reader: expressSession<SessionData>({ store: old, secrets: OLD_SECRETS }),
    make: async (user) => ({ "connect.sid": await logInAtTheOldSite(old, user) }),
    expired: async () => ({ "connect.sid": await logInAtTheOldSite(old, "ann", OLD_SECRETS[0], -1000) }),
    forged: async () => ({ "connect.sid": await logInAtTheOldSite(old, "ann", "a secret of somebody else") }),
  },
  "iron-session": {
    reader: iron,
    make: async (user) => ({ old: await sealData({ user }, { password: PASSWORD, ttl: 3600 }) }),
    expired: async () => ({ old: await sealData({ user: "ann" }, { password: PASSWORD, ttl: -3600 }) }),
    forged: async () => ({ old: await sealData({ user: "ann" }, { password: `another ${PASSWORD}` }) }),
  },
  JWT: {
    reader: jwt,
    make: async (user) => ({ jwt: await token(user), refresh: "abc" }),
    expired: async () => ({ jwt: await token("ann", "-1h") }),
    forged: async () => ({ jwt: new UnsecuredJWT().setSubject("ann").setExpirationTime("1h").encode() }),
  },
};

describe.each(Object.entries(kinds))("%s", (_name, { reader, make, expired, forged }) => {
  test("moves a browser over, once for ten requests", async () => {
    const { site, manager } = await openSite([reader], validate, { start: startHono });
    const cookies = await make("ann");
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(site, "/me", cookies)));
    expect(new Set(answers.map(tokenIn)).size).toBe(1);
    expect(answers.map(({ body }) => JSON.parse(body).subject)).toEqual(Array(10).fill("ann"));
    expect((await manager.stats()).total).toBe(1);
    const browser = new Browser(site, cookies);
    await browser.me();
    expect(Object.keys(browser.cookies)).toEqual(["__Host-sid"]);
  });

  test("garbage and forgeries open nothing, and are left alone", async () => {
    const { site, manager, outcomes } = await openSite([reader], validate);
    const [[name = "", genuine = ""] = []] = Object.entries(await make("ann"));
    const cut = `${genuine.slice(0, 20)}${genuine.slice(21)}`;
    const longest = "x".repeat(4000);
    const wrong = [
      "",
      "x",
      "s:",
      "s:.",
      "a.b.c",
      "%",
      "%E0%A4%A",
      "=",
      "Fe26.2**",
      cut,
      longest,
      `x${genuine}`,
    ];
    for (const value of wrong) {
      const answer = await ask(site, "/me", { [name]: value });
      expect([value, answer.status, answer.lines]).toEqual([value, 200, []]);
      expect(JSON.parse(answer.body).subject).toBeNull();
    }
    expect((await ask(site, "/me", await forged())).lines).toEqual([]);
    expect(new Set(outcomes)).toEqual(new Set(["unreadable"]));
    expect((await manager.stats()).total).toBe(0);
  });

  test("a session past its time is cleared away", async () => {
    const { site, outcomes } = await openSite([reader], validate);
    const cookies = await expired();
    const answer = await ask(site, "/me", cookies);
    expect(JSON.parse(answer.body).subject).toBeNull();
    expect(clearsIn(answer)).toContain(`${Object.keys(cookies)[0]} /`);
    expect(outcomes).toEqual(["expired"]);
  });

  test("a deleted user's is cleared away", async () => {
    const { site, manager, outcomes } = await openSite([reader], validate);
    const browser = new Browser(site, await make("deleted"));
    expect((await browser.me()).subject).toBeNull();
    expect(browser.cookies).toEqual({});
    expect(outcomes).toEqual(["rejected"]);
    expect((await manager.stats()).total).toBe(0);
  });

  test("of several cookies of one name, the first that opens counts", async () => {
    const { site } = await openSite([reader], validate);
    const [[name = "", value = ""] = []] = Object.entries(await make("ann"));
    const answer = await ask(site, "/me", { [name]: `garbage; ${name}=${value}` });
    expect(JSON.parse(answer.body).subject).toBe("ann");
  });
});

test("a store of express-session that leaves the time to its reader", async () => {
  const sessions = new Map<string, string>();
  const store = {
    get: (sid: string, callback: (error: unknown, found?: object | null) => void) =>
      callback(null, JSON.parse(sessions.get(sid) ?? "null")),
    destroy: (sid: string, callback?: (error?: unknown) => void) => {
      sessions.delete(sid);
      callback?.();
    },
  };
  const { site, outcomes } = await openSite([expressSession({ store, secrets: OLD_SECRETS })], validate);
  for (const expires of ["2015-01-01T00:00:00Z", new Date(Date.now() + 60_000).toISOString(), null]) {
    const cookie = await logInAtTheOldSite(new MemoryStore(), "ann");
    const sid = /^s:([^.]+)/.exec(decodeURIComponent(cookie))?.[1] ?? "";
    sessions.set(sid, JSON.stringify({ user: "ann", cookie: { expires } }));
    await ask(site, "/me", { "connect.sid": cookie });
  }
  expect(outcomes).toEqual(["expired", "migrated", "migrated"]);
});

test("a store of express-session that says there is none by an error", async () => {
  const missing = Object.assign(new Error("no such file"), { code: "ENOENT" });
  const store = {
    get: (_sid: string, callback: (error: unknown) => void) => callback(missing),
    destroy: (_sid: string, callback?: (error?: unknown) => void) => callback?.(),
  };
  const { site, outcomes } = await openSite([expressSession({ store, secrets: OLD_SECRETS })], validate);
  await ask(site, "/me", { "connect.sid": await logInAtTheOldSite(old, "ann") });
  expect(outcomes).toEqual(["expired"]);
});

test("several readers: each browser comes in with what it has", async () => {
  const readers = Object.values(kinds).map(({ reader }) => reader);
  const { site } = await openSite(readers, validate);
  for (const [index, { make }] of Object.values(kinds).entries()) {
    const answer = await ask(site, "/me", { ...(await make(`user-${index}`)), "connect.sid2": "x" });
    expect(JSON.parse(answer.body).subject).toBe(`user-${index}`);
  }
});

describe("one older session has one spelling", () => {
  test("the version behind a seal", async () => {
    const { site, manager } = await openSite([iron], validate);
    const seal = await sealData({ user: "ann" }, { password: PASSWORD, ttl: 3600 });
    const answer = await ask(site, "/me", { old: seal });
    await manager.revoke({ session: JSON.parse(answer.body).id });
    for (const version of ["", "~1", "~2~2", "~3"]) {
      const replay = await ask(site, "/me", { old: seal.replace("~2", version) });
      expect([version, JSON.parse(replay.body).subject]).toEqual([version, null]);
    }
  });

  test("the last bits of a signature", async () => {
    const { site, manager } = await openSite([jwt], validate);
    const genuine = await token("ann");
    const { id } = JSON.parse((await ask(site, "/me", { jwt: genuine })).body);
    await manager.revoke({ session: id });
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (const letter of alphabet) {
      const replay = await ask(site, "/me", { jwt: genuine.slice(0, -1) + letter });
      expect(JSON.parse(replay.body).subject).toBeNull();
    }
  });
});

test("a seal in chunks", async () => {
  const { site } = await openSite([iron], validate);
  const seal = await sealData({ user: "ann" }, { password: { 1: PASSWORD }, ttl: 3600 });
  const browser = new Browser(site, { "old.0": seal.slice(0, 100), "old.1": seal.slice(100) });
  expect((await browser.me()).subject).toBe("ann");
  expect(Object.keys(browser.cookies)).toEqual(["__Host-sid"]);
});

describe("JWT", () => {
  test("only the algorithms that are listed: a public key is no shared secret", async () => {
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
    await ask(site, "/me", { jwt: confused });
    await ask(site, "/me", { jwt: await make("RS256", privateKey, "somebody else") });
    expect(outcomes).toEqual(["unreadable", "unreadable"]);
    const answer = await ask(site, "/me", { jwt: await make("RS256", privateKey) });
    expect(JSON.parse(answer.body).subject).toBe("ann");
  });

  test.each([[[]], [["none"]], [["HS256", "NONE"]]])("no list, or none on it: %j", (algorithms) => {
    expect(() => jwtCookie({ jwtVerify, key: KEY, algorithms, name: "jwt" })).toThrow(
      expect.objectContaining({ code: "VALIDATION_FAILED" }),
    );
  });

  test("a key that cannot be fetched is an outage, not a forgery", async () => {
    const key = async () => {
      throw new TypeError("fetch failed");
    };
    const reader = jwtCookie({ jwtVerify, key, algorithms: ["HS256"], name: "jwt" });
    const { site } = await openSite([reader], validate);
    const answer = await ask(site, "/me", { jwt: await token("ann") });
    expect([answer.status, answer.lines]).toEqual([503, []]);
  });
});

test.each([[{ names: ["a b"] }], [{ domains: ["exa mple"] }], [{ paths: ["shop"] }]])(
  "places where no cookie can lie are turned away at once: %j",
  async (clear) => {
    await expect(openSite([jwt], validate, { clear })).rejects.toMatchObject({ code: "VALIDATION_FAILED" });
  },
);

describe("what names a login", () => {
  const idOf = ({ jti }: { jti?: string }) => jti as string;
  const jwtOf = (name: string) => jwtCookie({ jwtVerify, key: KEY, algorithms: ["HS256"], name, id: idOf });
  const signed = (user: string, jti?: string) => {
    const token = new SignJWT({ sub: user }).setProtectedHeader({ alg: "HS256" }).setExpirationTime("1h");
    return (jti === undefined ? token : token.setJti(jti)).sign(KEY);
  };

  test("is no name when it is missing: nobody shares a session with others who lack it", async () => {
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
        { jwt: await signed(user) },
        { jwt: await signed(user, "") },
        { old: await sealData({ user }, { password: PASSWORD }) },
      ];
      for (const each of cookies) {
        expect(JSON.parse((await ask(site, "/me", each)).body).subject).toBeNull();
      }
    }
    expect(outcomes).toEqual(Array(6).fill("unreadable"));
  });

  test("names it at one older system only", async () => {
    const { site } = await openSite([jwtOf("staff"), jwtOf("customer")], validate);
    const staff = await ask(site, "/me", { staff: await signed("ann", "1") });
    expect(JSON.parse(staff.body).subject).toBe("ann");
    const customer = await ask(site, "/me", { customer: await signed("bob", "1") });
    expect(JSON.parse(customer.body).subject).toBe("bob");
  });
});
