import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Device } from "../../src/client/wire.ts";
import {
  type Browser,
  IPHONE,
  type Site,
  startExpress,
  startFastify,
  startHono,
  startSite,
} from "./routes-site.ts";

const MINUTE = 60_000;

const frameworks = { Express: startExpress, Fastify: startFastify, Hono: startHono };

const list = async (browser: Browser) => (await browser.send<Device[]>("GET /session/devices")).data;
const status = async (browser: Browser) => (await browser.send("GET /session")).data.status;
const end = async (browser: Browser, which: string) => {
  const { data, code } = await browser.send<{ ended: number } | null>(`DELETE /session/devices${which}`);
  return code ?? data?.ended;
};

describe.each(Object.entries(frameworks))("the devices of somebody on %s", (_name, start) => {
  let site: Site;
  let laptop: Browser;
  let phone: Browser;

  beforeEach(async () => {
    site = await startSite(start);
    laptop = site.browser();
    phone = site.browser(IPHONE);
    await laptop.logIn();
    site.pass(MINUTE);
    await phone.logIn();
  });
  afterEach(() => site.close());

  it("are listed with what may be known of them, newest first", async () => {
    await site.browser().logIn("eve");
    const { data } = await phone.send("GET /session");
    expect(await list(phone)).toEqual([
      {
        id: data.session?.id,
        current: true,
        browser: "Safari 17",
        os: "iOS",
        device: "mobile",
        address: "127.0.0.0",
        city: null,
        country: null,
        firstSeenAt: "2026-01-01T00:01:00.000Z",
        lastSeenAt: "2026-01-01T00:01:00.000Z",
      },
      expect.objectContaining({
        current: false,
        browser: "Firefox 140",
        os: "Linux",
        device: "desktop",
        firstSeenAt: "2026-01-01T00:00:00.000Z",
      }),
    ]);
  });

  it("are not those of a cart, nor those that have ended", async () => {
    const [, here] = await list(phone);
    await site.manager.create({ subject: "ada", parentId: here?.id ?? "", name: "order 1" });
    const tablet = site.browser();
    await tablet.logIn();
    await tablet.send("DELETE /session");
    expect(await list(phone)).toHaveLength(2);
  });

  it("are shown to nobody else", async () => {
    const stranger = site.browser();
    expect((await stranger.send("GET /session/devices")).code).toBe("SESSION_REQUIRED");
    await stranger.send("POST /session/init");
    expect((await stranger.send("GET /session/devices")).code).toBe("SESSION_REQUIRED");
    expect(await end(stranger, "?all")).toBe("SESSION_REQUIRED");
  });

  it("end one by one", async () => {
    const other = (await list(phone)).find(({ current }) => !current);
    expect(await end(phone, `/${other?.id}`)).toBe(1);
    expect((await laptop.send("GET /session")).data).toMatchObject({ status: "none", reason: "revoked" });
    expect(await status(phone)).toBe("authenticated");
    expect(await end(phone, `/${other?.id}`)).toBe(0);
  });

  it("end all but this one, or all", async () => {
    expect(await end(phone, "?others")).toBe(1);
    expect([await status(phone), await status(laptop)]).toEqual(["authenticated", "none"]);
    await laptop.logIn();
    expect(await end(laptop, "?all")).toBe(2);
    expect([await status(phone), await status(laptop)]).toEqual(["none", "none"]);
    expect(laptop.cookies.has("__Host-sid")).toBe(false);
  });

  it("must be named", async () => {
    expect(await end(phone, "")).toBe("VALIDATION_FAILED");
    expect(await end(phone, "/")).toBe("SESSION_NOT_FOUND");
    expect(await end(phone, "/nothing")).toBe("SESSION_NOT_FOUND");
    expect(await end(phone, `/${crypto.randomUUID()}`)).toBe("SESSION_NOT_FOUND");
    expect([await status(phone), await status(laptop)]).toEqual(["authenticated", "authenticated"]);
  });

  it("of somebody else are not there", async () => {
    const eve = site.browser();
    await eve.logIn("eve");
    const [ada] = await list(phone);
    expect(await end(eve, `/${ada?.id}`)).toBe("SESSION_NOT_FOUND");
    expect(await status(phone)).toBe("authenticated");
  });

  it("ask for a recent proof of who ends them, but for a logout here", async () => {
    const [mine, other] = await list(phone);
    site.pass(10 * MINUTE - 1);
    await phone.send("GET /session?touch");
    expect(await end(phone, "?others")).toBe(1);
    await laptop.logIn();
    site.pass(1);
    for (const which of [`/${other?.id}`, "?others", "?all"]) {
      expect(await end(phone, which)).toBe("REAUTHENTICATION_REQUIRED");
    }
    expect(await status(laptop)).toBe("authenticated");
    expect((await phone.send("POST /session/elevate", { email: "ada", password: "secret" })).code).toBeNull();
    expect(await end(phone, "?others")).toBe(1);
    site.pass(10 * MINUTE);
    expect(await end(phone, "?others")).toBe("REAUTHENTICATION_REQUIRED");
    expect(await end(phone, `/${mine?.id}`)).toBe(1);
    expect(await status(phone)).toBe("none");
    expect(phone.cookies.has("__Host-sid")).toBe(false);
  });
});

describe("an elevation", () => {
  let site: Site;
  let browser: Browser;
  const elevate = async (body: object) => (await browser.send("POST /session/elevate", body)).code;
  const record = async () =>
    await site.manager.find((await browser.send("GET /session")).data.session?.id ?? "");

  beforeEach(async () => {
    site = await startSite(startExpress);
    browser = site.browser();
    await browser.logIn();
  });
  afterEach(() => site.close());

  it("is a new secret, and the same session", async () => {
    const late = browser.copy();
    const { data } = await browser.send("POST /session/elevate", {
      credentials: { email: "ada", password: "secret" },
    });
    expect(data).toMatchObject({ status: "authenticated", user: { name: "ada" }, rev: 2 });
    expect((await late.send("GET /session")).code).toBe("CONFLICT");
    expect((await record())?.elevations).toEqual({ account: site.clock.now() + 10 * MINUTE });
  });

  it("takes nobody else's password", async () => {
    expect(await elevate({ email: "eve", password: "secret" })).toBe("FORBIDDEN");
    expect(await elevate({ email: "ada", password: "guess" })).toBe("FORBIDDEN");
    expect((await record())?.elevations).toEqual({});
  });

  it("by the login's own credentials is for nothing that the application guards better", async () => {
    expect(await elevate({ email: "ada", password: "secret", scope: "payments" })).toBe("FORBIDDEN");
    expect((await record())?.elevations).toEqual({});
  });

  it("is for what the application says, for as long as it says", async () => {
    await site.close();
    site = await startSite(startExpress, {
      routes: { elevate: ({ pin }, scope) => scope === "payments" && pin === 12, recent: MINUTE },
    });
    browser = site.browser();
    await browser.logIn();
    expect(await elevate({ credentials: { pin: 11 }, scope: "payments" })).toBe("FORBIDDEN");
    expect(await elevate({ credentials: { pin: 12 } })).toBe("FORBIDDEN");
    expect(await elevate({ credentials: { pin: 12 }, scope: "payments" })).toBeNull();
    expect((await record())?.elevations).toEqual({ payments: site.clock.now() + MINUTE });
    for (const scope of ["", "a b", "x".repeat(65), 7]) {
      expect(await elevate({ credentials: { pin: 12 }, scope })).toBe("VALIDATION_FAILED");
    }
  });
});
