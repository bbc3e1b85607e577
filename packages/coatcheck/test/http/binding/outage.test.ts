import { describe, expect, it } from "vitest";
import { CHROME, MINUTE, Site } from "./fixtures.ts";

describe("while the store does not respond", () => {
  it("a session that would be revoked is not served from a copy", async () => {
    const site = new Site({
      binding: { userAgent: "revoke" },
      http: { outage: { degraded: { maxAge: 10 * MINUTE } } },
      cache: "leased",
    });
    const token = await site.logIn();
    await site.load({ token });
    site.clock.pass(MINUTE);
    site.store.isDown = true;
    expect((await site.load({ token })).subject).toBe("ann");
    expect(await site.refusal({ token, userAgent: CHROME })).toBe("STORE_UNAVAILABLE");
    site.store.isDown = false;
    expect(await site.refusal({ token, userAgent: CHROME })).toBe("SESSION_REVOKED");
  });

  it("a session that needs a new proof is served from a copy without elevations", async () => {
    const site = new Site({
      binding: { userAgent: "step-up" },
      http: { outage: { degraded: { maxAge: 10 * MINUTE } } },
      cache: "leased",
    });
    const token = await site.stepUp({ token: await site.logIn() });
    await site.load({ token });
    site.clock.pass(MINUTE);
    site.store.isDown = true;
    expect(await site.refusal({ token, userAgent: CHROME })).toBeNull();
    expect(await site.refusal({ token, userAgent: CHROME }, "payment")).toBe("STORE_UNAVAILABLE");
  });

  it("a request whose change of client cannot be stored is refused, and is no logout", async () => {
    const site = new Site({ binding: { userAgent: "step-up" } });
    const token = await site.stepUp({ token: await site.logIn() });
    await site.load({ token });
    site.store.isDown = true;
    expect(await site.refusal({ token, userAgent: CHROME })).toBe("STORE_UNAVAILABLE");
    site.store.isDown = false;
    expect(await site.refusal({ token }, "payment")).toBeNull();
  });
});
