import { describe, expect, it } from "vitest";
import { CHROME, MINUTE, Site } from "./fixtures.ts";

describe("a session with a binding while the store is down", () => {
  it("is not returned from the cache if the client's change would revoke the session", async () => {
    const site = new Site({
      binding: { userAgent: "revoke" },
      http: { outage: { degraded: { maxAge: 10 * MINUTE } } },
      cache: "leased",
    });
    const token = await site.logIn();
    await site.loadSession({ token });
    site.clock.pass(MINUTE);
    site.store.isDown = true;
    expect((await site.loadSession({ token })).subject).toBe("ann");
    expect(await site.findRefusalCode({ token, userAgent: CHROME })).toBe("STORE_UNAVAILABLE");
    site.store.isDown = false;
    expect(await site.findRefusalCode({ token, userAgent: CHROME })).toBe("SESSION_REVOKED");
  });

  it("is returned from the cache without its elevations if the client's change requires a step-up", async () => {
    const site = new Site({
      binding: { userAgent: "step-up" },
      http: { outage: { degraded: { maxAge: 10 * MINUTE } } },
      cache: "leased",
    });
    const token = await site.elevate({ token: await site.logIn() });
    await site.loadSession({ token });
    site.clock.pass(MINUTE);
    site.store.isDown = true;
    expect(await site.findRefusalCode({ token, userAgent: CHROME })).toBeNull();
    expect(await site.findRefusalCode({ token, userAgent: CHROME }, "payment")).toBe("STORE_UNAVAILABLE");
  });

  it("is neither opened for a changed client nor revoked, if the change cannot be stored", async () => {
    const site = new Site({ binding: { userAgent: "step-up" } });
    const token = await site.elevate({ token: await site.logIn() });
    await site.loadSession({ token });
    site.store.isDown = true;
    expect(await site.findRefusalCode({ token, userAgent: CHROME })).toBe("STORE_UNAVAILABLE");
    site.store.isDown = false;
    expect(await site.findRefusalCode({ token }, "payment")).toBeNull();
  });
});
