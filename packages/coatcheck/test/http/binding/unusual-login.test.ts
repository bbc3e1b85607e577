import { describe, expect, it } from "vitest";
import type { BindingOptions } from "../../../src/device/index.ts";
import type { UnusualLogin } from "../../../src/session/binding.ts";
import {
  CHROME,
  FIREFOX,
  MINUTE,
  NEWER_FIREFOX,
  Site,
  type SiteOptions,
  UnusualLoginCollector,
} from "./fixtures.ts";

const FROM_GERMANY = { "cf-ipcountry": "DE" };
const FROM_FRANCE = { "cf-ipcountry": "fr" };

/**
 * Creates a site with the option `onUnusualLogin`. `box` contains the reported logins. `logInWithMail` logs in and
 * waits for the report.
 */
function setUp(options: SiteOptions = {}) {
  const box = new UnusualLoginCollector();
  const { onUnusualLogin } = box;
  const site = new Site({
    ...options,
    binding: { country: "CF-IPCountry", onUnusualLogin, ...options.binding },
  });
  /** Logs in one minute after the previous login, and waits for the report. */
  const logInWithMail = async (sent: Parameters<Site["logIn"]>[0] = {}) => {
    site.clock.pass(MINUTE);
    const mail = box.nextLogin();
    const token = await site.logIn({ headers: FROM_GERMANY, ...sent });
    await mail;
    return token;
  };
  return { site, box, logInWithMail };
}

describe("the report of an unusual login", () => {
  it("contains the data for a mail to the user, if the device is new", async () => {
    const { site, box, logInWithMail } = setUp();
    const events: UnusualLogin[] = [];
    site.manager.events.on("new-device", ({ login }) => events.push(login));
    await logInWithMail();
    const token = await logInWithMail({ userAgent: CHROME });
    const { id } = await site.loadSession({ token });
    expect(box.logins[1]).toEqual({
      sessionId: id,
      subject: "ann",
      tenant: "shop",
      device: "Chrome on Windows",
      country: "DE",
      at: site.clock.now(),
      isNewDevice: true,
      isNewCountry: false,
      earlierSessions: 1,
      hint: expect.stringMatching(/^If this was not you, .*end this session.*change your password\.$/),
    });
    expect(box.logins[1]?.hint).not.toMatch(/https?:|www\.|\.example/);
    expect(events).toEqual(box.logins);
  });

  it("is a single event, `new-country`, if only the country is new", async () => {
    const { site, box, logInWithMail } = setUp();
    const events: UnusualLogin[] = [];
    site.manager.events.on("new-country", ({ login }) => events.push(login));
    await logInWithMail();
    await logInWithMail({ headers: FROM_FRANCE });
    expect(events).toMatchObject([{ country: "FR", isNewDevice: false, isNewCountry: true }]);
    expect(box.logins).toHaveLength(2);
    expect(box.logins[0]).toMatchObject({ earlierSessions: 0, isNewDevice: true, isNewCountry: false });
  });

  it("is omitted for a known device, even after a browser update and a logout", async () => {
    const { site, box, logInWithMail } = setUp();
    const token = await logInWithMail();
    await site.changeSession({ token }, (session) => session.revoke());
    site.clock.pass(MINUTE);
    await site.logIn({ userAgent: NEWER_FIREFOX, headers: FROM_GERMANY });
    // Wait for the report of another login. If the first login had caused a report, that report would come before it.
    await logInWithMail({ userAgent: CHROME });
    expect(box.logins.map(({ device }) => device)).toEqual(["Firefox on Linux", "Chrome on Windows"]);
  });

  it("is also based on earlier logins of the same session", async () => {
    const { site, box, logInWithMail } = setUp();
    const token = await logInWithMail();
    site.clock.pass(MINUTE);
    const again = await site.logIn({ token, headers: FROM_GERMANY });
    await logInWithMail({ token: again, userAgent: CHROME });
    expect(box.logins.map(({ device, earlierSessions }) => [device, earlierSessions])).toEqual([
      ["Firefox on Linux", 0],
      ["Chrome on Windows", 1],
    ]);
  });

  it("is sent twice if two concurrent logins come from the same new device", async () => {
    const { site, box, logInWithMail } = setUp();
    await logInWithMail();
    site.clock.pass(MINUTE);
    await Promise.all([1, 2].map(() => site.logIn({ userAgent: CHROME, headers: FROM_GERMANY })));
    await expect.poll(() => box.logins.length).toBe(3);
  });

  it("treats a device as new for a subject if only another subject or an impersonator has used it before", async () => {
    const { site, box, logInWithMail } = setUp();
    await logInWithMail();
    const clerk = await logInWithMail({ subject: "clerk", userAgent: CHROME });
    await site.changeSession({ token: clerk, userAgent: CHROME }, (session) =>
      session.impersonate("ann", { reason: "ticket 4711" }),
    );
    await logInWithMail({ userAgent: CHROME });
    expect(box.logins.map(({ subject, isNewDevice }) => [subject, isNewDevice])).toEqual([
      ["ann", true],
      ["clerk", true],
      ["ann", true],
    ]);
  });

  it("treats devices as known if users logged in with them before the option `onUnusualLogin` was set", async () => {
    const before = new Site({ binding: null });
    await before.logIn({ userAgent: FIREFOX });
    const { site, box, logInWithMail } = setUp({ store: before.store });
    site.clock.pass(MINUTE);
    await site.logIn({ headers: FROM_GERMANY });
    await logInWithMail({ userAgent: CHROME });
    expect(box.logins).toMatchObject([{ device: "Chrome on Windows", earlierSessions: 2 }]);
  });
});

describe("the country of a login", () => {
  it("is what the option `country` returns, if that option is a function of the client and the request", async () => {
    const { site, logInWithMail, box } = setUp({
      binding: {
        country: ({ address }, request) =>
          address === "203.0.113.77" ? (request.header("x-country") ?? null) : null,
      },
    });
    const token = await logInWithMail({ headers: { "x-country": "nl" } });
    expect(box.logins[0]?.country).toBe("NL");
    expect((await site.loadSession({ token })).record?.binding?.country).toBe("NL");
  });

  it("is null if the option's function returns no country code or throws, and the login still succeeds", async () => {
    const codes = async (country: NonNullable<BindingOptions["country"]>, sent: string) => {
      const { logInWithMail, box } = setUp({ binding: { country } });
      await logInWithMail({ headers: { "x-country": sent } });
      return box.logins[0]?.country;
    };
    expect(await codes("x-country", "XX")).toBeNull();
    expect(await codes("x-country", "<b>DE</b>")).toBeNull();
    const warnings: string[] = [];
    const listen = (warning: Error) => void warnings.push(warning.message);
    process.on("warning", listen);
    const failing = () => {
      throw new Error("no GeoIP file");
    };
    expect(await codes(failing, "DE")).toBeNull();
    await expect.poll(() => warnings).toContain("no GeoIP file");
    process.off("warning", listen);
  });
});

describe("reporting a login", () => {
  it("does not delay the login, even if the store or `onUnusualLogin` is slow", async () => {
    const { site } = setUp({ binding: { onUnusualLogin: () => new Promise<void>(() => {}) } });
    const listed = Promise.withResolvers<void>();
    const { list } = site.store;
    site.store.list = async (...args) => {
      await listed.promise;
      return await list.apply(site.store, args);
    };
    expect(await site.logIn()).toHaveLength(50);
    listed.resolve();
    await site.logIn();
    expect(await site.logIn()).toHaveLength(50);
  });

  it("emits the event `failed` if `onUnusualLogin` throws, and the login still succeeds", async () => {
    const { site } = setUp({
      binding: {
        onUnusualLogin: async () => {
          throw new Error("the mail server is down");
        },
      },
    });
    const failed = new Promise((resolve) => site.manager.events.once("failed", resolve));
    const token = await site.logIn();
    expect(await failed).toMatchObject({
      operation: "unusual-login",
      error: { message: "the mail server is down" },
    });
    expect((await site.loadSession({ token })).subject).toBe("ann");
  });

  it("does not list the user's sessions unless `onUnusualLogin` or a listener for its events is set", async () => {
    const site = new Site();
    let lists = 0;
    const { list } = site.store;
    site.store.list = async (...args) => {
      lists++;
      return await list.apply(site.store, args);
    };
    await site.logIn();
    expect(lists).toBe(0);
    const found = new Promise((resolve) => site.manager.events.once("new-device", resolve));
    await site.logIn({ subject: "bob" });
    expect(await found).toMatchObject({ login: { subject: "bob" }, record: { subject: "bob" } });
    expect(lists).toBe(1);
  });
});
