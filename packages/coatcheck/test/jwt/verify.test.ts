import { createSecretKey } from "node:crypto";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import { createJwts } from "../../src/jwt/index.ts";
import { AUDIENCE, getKeyPair, ISSUER, MINUTE, SITE_KEY, Site } from "./fixtures.ts";

describe("a JWT", () => {
  it("contains subject, tenant, session id and times, and is verified with each allowed algorithm", async () => {
    for (const algorithm of ["EdDSA", "ES256", "RS256"] as const) {
      const site = new Site({ keys: [getKeyPair(algorithm)] });
      const { session, token } = await site.logIn();
      expect(await site.jwts.verify(token)).toMatchObject({
        subject: "ada",
        tenant: "acme",
        sessionId: session.id,
        expiresAt: Math.floor(site.clock.now() / 1000) * 1000 + 10 * MINUTE,
        claims: { iss: ISSUER, aud: AUDIENCE },
      });
    }
  });

  it("contains the application's claims, but issue() rejects application claims with names that it sets itself", async () => {
    const site = new Site();
    const { session } = await site.logIn();
    const { token } = await site.jwts.issue(session, { claims: { role: "clerk" } });
    expect((await site.jwts.verify(token)).claims).toMatchObject({ role: "clerk" });
    for (const name of ["sub", "exp", "sid", "tenant"]) {
      await expect(site.jwts.issue(session, { claims: { [name]: "eve" } })).rejects.toThrow(
        `claims.${name} must be omitted, because issue() sets this claim`,
      );
    }
  });

  it("is not issued for an anonymous session or for a session that is not stored yet", async () => {
    const site = new Site();
    const session = site.manager.begin();
    await expect(site.jwts.issue(session)).rejects.toMatchObject({ code: "SESSION_REQUIRED" });
    await session.patch({ theme: "dark" });
    await expect(site.jwts.issue(session)).rejects.toMatchObject({ code: "SESSION_REQUIRED" });
  });

  it("expires after its lifetime, and no later than the session's absolute timeout", async () => {
    const site = new Site({ clockTolerance: 0 });
    const { session, token } = await site.logIn();
    site.clock.pass(10 * MINUTE - 1000);
    expect((await site.jwts.verify(token)).subject).toBe("ada");
    site.clock.pass(1000);
    // Verify the JWT in the process that issued it, and in a process that has not seen it.
    for (const { jwts } of [
      site,
      new Site({ store: site.countingStore.store, clock: site.clock, clockTolerance: 0 }),
    ]) {
      await expect(jwts.verify(token)).rejects.toMatchObject({ code: "JWT_EXPIRED", status: 401 });
    }
    const { expiresAt } = await site.jwts.issue({
      record: { ...session.record, expiresAt: site.clock.now() + MINUTE } as never,
    });
    expect(expiresAt).toBeLessThanOrEqual(site.clock.now() + MINUTE);
  });

  it("can be verified in a process without a private key, and with any key of the option `keys`", async () => {
    const site = new Site();
    const { token } = await site.logIn();
    const { privateKey: _kept, ...publicOnly } = SITE_KEY;
    const newer = getKeyPair("ES256", "newer");
    const reader = new Site({ store: site.countingStore.store, keys: [newer, publicOnly] });
    expect((await reader.jwts.verify(token)).subject).toBe("ada");
    const without = new Site({ store: site.countingStore.store, keys: [newer] });
    await expect(without.jwts.verify(token)).rejects.toMatchObject({ code: "JWT_INVALID" });
    const verifier = new Site({ store: site.countingStore.store, keys: [publicOnly] });
    const { session } = { session: (await site.logIn()).session };
    await expect(verifier.jwts.issue(session)).rejects.toThrow(
      "must contain a key with a privateKey, because this process issues JWTs",
    );
  });
});

describe("verify()", () => {
  it("rejects invalid claims, with an error that names the claim", async () => {
    const site = new Site();
    const { session } = await site.logIn();
    const now = Math.floor(site.clock.now() / 1000);
    const cases: [string, Record<string, unknown>][] = [
      ['another or no valid claim "aud"', { aud: "another-api" }],
      ['another or no valid claim "aud"', { aud: undefined }],
      ['another or no valid claim "iss"', { iss: "https://evil.example" }],
      ['another or no valid claim "nbf"', { nbf: now + 60 }],
      ['another or no valid claim "exp"', { exp: undefined }],
      ['another or no valid claim "iat"', { iat: undefined }],
      ['another or no valid claim "jti"', { jti: undefined }],
      ['no valid claim "jti"', { jti: "x".repeat(129) }],
      ['another or no valid claim "sub"', { sub: undefined }],
      ['no valid claim "sub"', { sub: "" }],
      ['another or no valid claim "sid"', { sid: undefined }],
      ['no valid claim "sid"', { sid: "1" }],
      ['no valid claim "tenant"', { tenant: 7 }],
      ["is valid for too long", { exp: now + 7200 }],
    ];
    expect((await site.jwts.verify(await site.signClaims(site.createClaims(session)))).subject).toBe("ada");
    for (const [problem, change] of cases) {
      const token = await site.signClaims({ ...site.createClaims(session), ...change });
      const expected = { code: "JWT_INVALID", status: 401, message: expect.stringContaining(problem) };
      await expect(site.jwts.verify(token), problem).rejects.toMatchObject(expected);
    }
    const over = await site.signClaims({ ...site.createClaims(session), iat: now - 60, exp: now - 10 });
    await expect(site.jwts.verify(over)).rejects.toMatchObject({ code: "JWT_EXPIRED" });
  });

  it("rejects a JWT whose type shows that it is for another purpose", async () => {
    const site = new Site();
    const { session } = await site.logIn();
    for (const typ of ["JWT", "password-reset+jwt", undefined, ""]) {
      const token = await site.signClaims(site.createClaims(session), { typ });
      await expect(site.jwts.verify(token), String(typ)).rejects.toMatchObject({
        code: "JWT_INVALID",
        message: "The JWT is for another purpose.",
      });
    }
  });

  it("rejects a JWT that is unsigned, signed with a shared secret, or signed with an algorithm that does not match its key", async () => {
    const site = new Site();
    const { session, token } = await site.logIn();
    const claims = site.createClaims(session);
    const [header = "", payload = ""] = token.split(".");
    const none = Buffer.from(JSON.stringify({ alg: "none", kid: SITE_KEY.id, typ: "at+jwt" })).toString(
      "base64url",
    );
    // The known attack: sign with HS256, and use the bytes of the public key as the secret.
    const pem = SITE_KEY.publicKey as unknown as { export(options: object): string };
    const secret = createSecretKey(Buffer.from(pem.export({ type: "spki", format: "pem" })));
    const hmac = await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", kid: SITE_KEY.id, typ: "at+jwt" })
      .sign(secret);
    const other = getKeyPair("ES256", SITE_KEY.id);
    const forged = [
      new UnsecuredJWT(claims).encode(),
      `${none}.${payload}.`,
      `${header}.${payload}.`,
      hmac,
      await site.signClaims(claims, {}, other),
    ];
    for (const each of forged) {
      await expect(site.jwts.verify(each), each).rejects.toMatchObject({ code: "JWT_INVALID" });
    }
  });

  it("rejects a JWT whose header contains a key or names an unknown key", async () => {
    const site = new Site();
    const { session } = await site.logIn();
    const claims = site.createClaims(session);
    const own = await generateKeyPair("ES256", { extractable: true });
    const jwk = await exportJWK(own.publicKey);
    for (const header of [
      { jwk },
      { jku: "https://evil.example/keys" },
      { x5c: ["MII="] },
      { x5u: "https://evil.example" },
    ]) {
      // The signature is valid, so that only the header can be the reason for the rejection.
      const token = await site.signClaims(claims, header);
      await expect(site.jwts.verify(token)).rejects.toMatchObject({
        code: "JWT_INVALID",
        message: "The JWT contains its own key.",
      });
    }
    for (const kid of ["other", "__proto__", "", undefined]) {
      const token = await site.signClaims(claims, { kid });
      await expect(site.jwts.verify(token)).rejects.toMatchObject({
        message: "The JWT was signed with an unknown key.",
      });
    }
  });

  it("rejects an altered or malformed JWT", async () => {
    const site = new Site();
    const { session, token } = await site.logIn();
    const [header = "", , signature = ""] = token.split(".");
    const payload = Buffer.from(JSON.stringify({ ...site.createClaims(session), sub: "root" })).toString(
      "base64url",
    );
    const malformed = [
      `${header}.${payload}.${signature}`,
      "",
      "a.b.c",
      "..",
      `${token}.x`,
      "x".repeat(9000),
      {},
    ];
    for (const each of malformed) {
      await expect(site.jwts.verify(each as string)).rejects.toMatchObject({ code: "JWT_INVALID" });
    }
  });
});

describe("createJwts()", () => {
  it("rejects invalid options with an error that contains the path of the option", async () => {
    const { manager, cache } = new Site();
    const base = { manager, cache, issuer: ISSUER, audience: AUDIENCE, keys: [SITE_KEY] };
    const secret = createSecretKey(Buffer.from("a shared secret of the application"));
    const misuses: [string, object][] = [
      ['did you mean "lifetime"?', { lifetim: 1 }],
      ["manager must be a SessionManager", { manager: {} }],
      ["cache must be a cache from createCache()", { cache: {} }],
      ["issuer must be a non-empty string", { issuer: "" }],
      ["audience must be a non-empty string", { audience: ["office-api"] }],
      ["lifetime must be 1000 to 3600000 milliseconds", { lifetime: 2 * 60 * MINUTE }],
      ["keys must be a list", { keys: SITE_KEY }],
      ["keys must contain at least one key", { keys: [] }],
      ["keys must all have different ids", { keys: [SITE_KEY, SITE_KEY] }],
      [
        "keys.0.algorithm must be one of EdDSA, ES256, RS256",
        { keys: [{ ...SITE_KEY, algorithm: "HS256" }] },
      ],
      ["keys.0.publicKey must be a public key (got secret)", { keys: [{ ...SITE_KEY, publicKey: secret }] }],
      [
        "keys.0.publicKey must be a public key (got private)",
        { keys: [{ ...SITE_KEY, publicKey: SITE_KEY.privateKey }] },
      ],
      [
        "keys.0.publicKey must be a public key (got a shared secret)",
        { keys: [{ ...SITE_KEY, publicKey: { kty: "oct" } }] },
      ],
      [
        "keys.0.privateKey must be a private key (got public)",
        { keys: [{ ...SITE_KEY, privateKey: SITE_KEY.publicKey }] },
      ],
    ];
    for (const [message, change] of misuses) {
      expect(() => createJwts({ ...base, ...change } as never), message).toThrow(message);
    }
  });
});
