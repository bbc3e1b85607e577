import { describe, expect, it } from "vitest";
import { Session } from "../../../src/session/session.ts";
import { AWAY_ADDRESS, CHROME, HOME_ADDRESS, NEWER_FIREFOX, Site } from "./fixtures.ts";

describe("a session with the option `binding`", () => {
  it("stores the browser's family and the client's network, but not the browser's version or the complete IP address", async () => {
    for (const [address, network] of [
      [HOME_ADDRESS, "203.0.113.0"],
      ["2001:db8:7:1:a:b:c:d", "2001:db8:7::"],
      ["::ffff:203.0.113.77", "203.0.113.0"],
    ] as const) {
      const site = new Site();
      const token = await site.logIn({ address });
      const { record } = await site.loadSession({ token });
      expect(record?.binding).toEqual({
        userAgent: "Firefox on Linux",
        network,
        country: null,
        changedAt: null,
      });
      expect(JSON.stringify(record)).not.toContain(address);
    }
  });

  it("stores no network if the option `address` is off", async () => {
    const site = new Site({ binding: { address: "off" } });
    const { record } = await site.loadSession({ token: await site.logIn() });
    expect(record?.binding?.network).toBeNull();
  });

  it("has no binding before the login; a session without the option never has one", async () => {
    const site = new Site({ binding: { userAgent: "revoke" } });
    const token = await site.changeSession({}, (session) => session.patch({ cart: { tea: 1 } }));
    expect(await site.loadSession({ token, userAgent: CHROME })).toMatchObject({ record: { binding: null } });
    const unbound = new Site({ binding: null });
    const login = await unbound.logIn();
    expect((await unbound.loadSession({ token: login, userAgent: CHROME })).record?.binding).toBeNull();
  });

  it("has no binding until the next login, if the user logged in before the option was set", async () => {
    const { store } = new Site({ binding: null });
    const before = new Site({ binding: null, store });
    const token = await before.logIn();
    const site = new Site({ binding: { userAgent: "revoke" }, store });
    expect(await site.findRefusalCode({ token, userAgent: CHROME })).toBeNull();
    const renewed = await site.logIn({ token });
    expect(await site.findRefusalCode({ token: renewed, userAgent: CHROME })).toBe("SESSION_REVOKED");
  });

  it("is returned synchronously from the cache, like a session without a binding", async () => {
    for (const binding of [null, { userAgent: "revoke", address: "revoke" } as const]) {
      const site = new Site({ binding });
      const token = await site.logIn();
      await site.loadSession({ token });
      const reads = site.store.reads;
      expect(site.request({ token }).load()).toBeInstanceOf(Session);
      expect(site.store.reads).toBe(reads);
    }
  });

  it("is compared with the request's client even if the session comes from the store instead of a cache", async () => {
    const site = new Site({ binding: { userAgent: "revoke" }, cache: "none" });
    const token = await site.logIn();
    expect(await site.findRefusalCode({ token, userAgent: NEWER_FIREFOX })).toBeNull();
    expect(await site.findRefusalCode({ token, userAgent: CHROME })).toBe("SESSION_REVOKED");
  });
});

describe("the binding of a session behind a proxy", () => {
  const binding = { userAgent: "off", address: "revoke" } as const;
  const through = (proxy: string, client: string) => ({
    address: proxy,
    headers: { "x-forwarded-for": client },
  });

  it("is compared with the client's address, whichever trusted proxy sends the request", async () => {
    const site = new Site({ binding, http: { trustProxy: ["10.0.0.0/8"] } });
    const token = await site.logIn(through("10.1.0.1", HOME_ADDRESS));
    expect(await site.findRefusalCode({ token, ...through("10.200.7.9", HOME_ADDRESS) })).toBeNull();
    expect(await site.findRefusalCode({ token, ...through("10.1.0.1", AWAY_ADDRESS) })).toBe(
      "SESSION_REVOKED",
    );
  });

  it("is not compared with addresses in forwarding headers that no trusted proxy has set", async () => {
    const site = new Site({ binding });
    const token = await site.logIn(through(HOME_ADDRESS, AWAY_ADDRESS));
    expect(await site.findRefusalCode({ token, ...through(HOME_ADDRESS, "192.0.2.1") })).toBeNull();
    expect(await site.findRefusalCode({ token, ...through(AWAY_ADDRESS, AWAY_ADDRESS) })).toBe(
      "SESSION_REVOKED",
    );
  });

  it("is not compared while the client's address is unknown", async () => {
    const site = new Site({ binding });
    const token = await site.logIn();
    expect(await site.findRefusalCode({ token, address: "" })).toBeNull();
  });
});

describe("the option `tenants` of createBinding()", () => {
  it("can be a table, which overrides the default policy for the tenants in it", async () => {
    const site = new Site({
      binding: { userAgent: "log", address: "off", tenants: { bank: { userAgent: "revoke" } } },
    });
    const [shop, bank] = [await site.logIn(), await site.logIn({ tenant: "bank" })];
    expect(await site.findRefusalCode({ token: shop, userAgent: CHROME })).toBeNull();
    expect(await site.findRefusalCode({ token: bank, address: AWAY_ADDRESS })).toBeNull();
    expect(await site.findRefusalCode({ token: bank, userAgent: CHROME })).toBe("SESSION_REVOKED");
  });

  it("can be a function, which is called at each request, so that a changed policy applies immediately", async () => {
    let action: "off" | "revoke" = "off";
    const site = new Site({
      binding: { tenants: (tenant) => (tenant === "bank" ? { userAgent: action } : undefined) },
    });
    const token = await site.logIn({ tenant: "bank" });
    expect(await site.findRefusalCode({ token, userAgent: CHROME })).toBeNull();
    action = "revoke";
    expect(await site.findRefusalCode({ token, userAgent: CHROME })).toBe("SESSION_REVOKED");
  });

  it("makes logins fail if its function returns an invalid policy", async () => {
    const site = new Site({ binding: { tenants: () => ({ userAgent: "revok" }) as never } });
    await expect(site.logIn()).rejects.toThrow(
      'Invalid options of createBinding(): tenants("shop").userAgent must be one of off, log, step-up, revoke (got "revok").',
    );
  });
});
