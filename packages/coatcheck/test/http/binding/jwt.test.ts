import { expect, it } from "vitest";
import { createBinding } from "../../../src/device/index.ts";
import { HttpSessions } from "../../../src/http/http-sessions.ts";
import type { Session } from "../../../src/session/session.ts";
import { Site as JwtSite, MINUTE } from "../../jwt/fixtures.ts";
import { CHROME, FIREFOX } from "./fixtures.ts";

/** Creates a site whose browsers log in with a cookie, and then send a JWT to the API. */
function setUp() {
  const site = new JwtSite();
  const { manager, jwts } = site;
  const binding = createBinding({ userAgent: "revoke" });
  const sessions = new HttpSessions(manager, { binding, jwt: jwts });
  const open = (userAgent: string, authorization?: string) =>
    sessions.open({
      method: "GET",
      url: "/",
      address: "203.0.113.77",
      encrypted: true,
      header: (name) => ({ host: "shop.example", "user-agent": userAgent, authorization })[name],
    });
  const logIn = async (): Promise<{ session: Session<{ theme?: string }>; authorization: string }> => {
    const session = await open(FIREFOX).load();
    await session.authenticate("ada", { tenant: "acme" });
    return { session, authorization: `Bearer ${(await jwts.issue(session)).token}` };
  };
  return { site, open, logIn };
}

it("a JWT that another browser sends is rejected, and its session is revoked", async () => {
  const { open, logIn } = setUp();
  const { authorization } = await logIn();
  expect((await open(FIREFOX, authorization).load()).subject).toBe("ada");
  const load = Promise.resolve(open(CHROME, authorization).load());
  await expect(load).rejects.toMatchObject({ code: "SESSION_REVOKED" });
  await expect(open(FIREFOX, authorization).requireJwt()).rejects.toMatchObject({ code: "SESSION_REVOKED" });
});

it("a session that a JWT opens after the expiry of the former session is bound to the same client", async () => {
  const { site, open, logIn } = setUp();
  const { session, authorization } = await logIn();
  site.clock.pass(3 * MINUTE);
  const continued = await open(FIREFOX, authorization).load();
  expect(continued.id).not.toBe(session.id);
  expect(continued.record?.binding).toEqual(session.record?.binding);
  const load = Promise.resolve(open(CHROME, authorization).load());
  await expect(load).rejects.toMatchObject({ code: "SESSION_REVOKED" });
});
