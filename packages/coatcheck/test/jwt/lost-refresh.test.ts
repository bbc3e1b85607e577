import { describe, expect, it } from "vitest";
import { HttpSessions } from "../../src/http/index.ts";
import { MINUTE, Site } from "./fixtures.ts";

/** Sends a refresh with this bearer token. Returns the new JWT, and the newer session token or null. */
async function sendRefresh(site: Site, token: string) {
  const session = new HttpSessions(site.manager, { jwt: site.jwts }).open({
    method: "POST",
    url: "/refresh",
    address: "127.0.0.1",
    encrypted: true,
    header: (name) => ({ authorization: `Bearer ${token}`, host: "office.example" })[name],
  });
  const jwt = await site.jwts.refresh(await session.requireSubject());
  const headers = new Headers();
  await session.commit(headers);
  return { jwt: jwt.token, sessionToken: headers.get("x-session-token") };
}

async function createSession(options?: ConstructorParameters<typeof Site>[0]) {
  const site = new Site(options);
  return { site, ...(await site.manager.create({ subject: "ada", tenant: "acme" })) };
}

describe("a refresh whose response is lost", () => {
  it("can be repeated with the same JWT; the old JWT and both new ones are valid", async () => {
    const { site, record } = await createSession();
    const first = await site.jwts.issue({ record });
    const lost = await sendRefresh(site, first.token);
    const received = await sendRefresh(site, first.token);
    const verified = await Promise.all(
      [first.token, lost.jwt, received.jwt].map((jwt) => site.jwts.verify(jwt)),
    );
    expect(new Set(verified.map(({ jti }) => jti)).size).toBe(3);
    expect(new Set(verified.map(({ sessionId }) => sessionId))).toEqual(new Set([record.id]));
  });

  it("can be repeated with a session token that the lost response has replaced, until the newer token is used", async () => {
    const { site, token } = await createSession({ rotateEvery: MINUTE });
    site.clock.pass(MINUTE);
    const lost = await sendRefresh(site, token);
    expect(lost.sessionToken).toEqual(expect.any(String));
    site.clock.pass(1.5 * MINUTE);
    const received = await sendRefresh(site, token);
    const newer = received.sessionToken ?? "";
    expect(newer).not.toBe(token);
    site.clock.pass(1.5 * MINUTE);
    const next = await sendRefresh(site, newer);
    expect(await site.jwts.verify(next.jwt)).toMatchObject({ subject: "ada" });
  });

  it("issues a JWT that becomes invalid when its session ends", async () => {
    const { site, token, record } = await createSession();
    const lost = await sendRefresh(site, token);
    await site.manager.revoke({ session: record.id });
    await expect(site.jwts.verify(lost.jwt)).rejects.toMatchObject({ code: "SESSION_REVOKED" });
  });
});
