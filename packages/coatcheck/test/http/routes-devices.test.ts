import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Device } from "../../src/wire.ts";
import type { Browser } from "./routes-browser.ts";
import {
  IPHONE_USER_AGENT,
  type Site,
  startExpress,
  startFastify,
  startHono,
  startSite,
} from "./routes-fixtures.ts";

const MINUTE = 60_000;

const FRAMEWORKS = Object.entries({ Express: startExpress, Fastify: startFastify, Hono: startHono });

const listDevices = async (browser: Browser) => (await browser.send<Device[]>("GET /session/devices")).data;
const readStatus = async (browser: Browser) => (await browser.send("GET /session")).data.status;
const endDevices = async (browser: Browser, which: string) => {
  const { data, code } = await browser.send<{ ended: number } | null>(`DELETE /session/devices${which}`);
  return code ?? data?.ended;
};

describe.each(FRAMEWORKS)("the device endpoints on %s", (_name, start) => {
  let site: Site;
  let laptop: Browser;
  let phone: Browser;

  beforeEach(async () => {
    site = await startSite(start);
    laptop = site.browser();
    phone = site.browser(IPHONE_USER_AGENT);
    await laptop.logIn();
    site.pass(MINUTE);
    await phone.logIn();
  });
  afterEach(() => site.close());

  it("list the devices of the subject, newest first", async () => {
    await site.browser().logIn("eve");
    const { data } = await phone.send("GET /session");
    expect(await listDevices(phone)).toEqual([
      {
        id: data.session?.id,
        current: true,
        browser: "Safari 17",
        os: "iOS",
        userAgent: IPHONE_USER_AGENT,
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

  it("omit order sessions and ended sessions", async () => {
    const [, here] = await listDevices(phone);
    await site.manager.create({ subject: "ada", parentId: here?.id ?? "", name: "order 1" });
    const tablet = site.browser();
    await tablet.logIn();
    await tablet.send("DELETE /session");
    expect(await listDevices(phone)).toHaveLength(2);
  });

  it("require a login", async () => {
    const anonymous = site.browser();
    expect((await anonymous.send("GET /session/devices")).code).toBe("SESSION_REQUIRED");
    await anonymous.send("POST /session/init");
    expect((await anonymous.send("GET /session/devices")).code).toBe("SESSION_REQUIRED");
    expect(await endDevices(anonymous, "?all")).toBe("SESSION_REQUIRED");
  });

  it("end one device by id", async () => {
    const other = (await listDevices(phone)).find(({ current }) => !current);
    expect(await endDevices(phone, `/${other?.id}`)).toBe(1);
    expect((await laptop.send("GET /session")).data).toMatchObject({ status: "none", reason: "revoked" });
    expect(await readStatus(phone)).toBe("authenticated");
    expect(await endDevices(phone, `/${other?.id}`)).toBe(0);
  });

  it("end all other devices with ?others, and all devices with ?all", async () => {
    expect(await endDevices(phone, "?others")).toBe(1);
    expect([await readStatus(phone), await readStatus(laptop)]).toEqual(["authenticated", "none"]);
    await laptop.logIn();
    expect(await endDevices(laptop, "?all")).toBe(2);
    expect([await readStatus(phone), await readStatus(laptop)]).toEqual(["none", "none"]);
    expect(laptop.cookies.has("__Host-sid")).toBe(false);
  });

  it("reject a missing, malformed or unknown device id, and end no session", async () => {
    expect(await endDevices(phone, "")).toBe("VALIDATION_FAILED");
    expect(await endDevices(phone, "/")).toBe("SESSION_NOT_FOUND");
    expect(await endDevices(phone, "/nothing")).toBe("SESSION_NOT_FOUND");
    expect(await endDevices(phone, `/${crypto.randomUUID()}`)).toBe("SESSION_NOT_FOUND");
    expect([await readStatus(phone), await readStatus(laptop)]).toEqual(["authenticated", "authenticated"]);
  });

  it("reject a request with both ?others and ?all, and end no session", async () => {
    const { code } = await phone.send("DELETE /session/devices?others&all");
    expect([code, await readStatus(phone), await readStatus(laptop)]).toEqual([
      "VALIDATION_FAILED",
      "authenticated",
      "authenticated",
    ]);
  });

  it("reject a query flag with a value other than true, and end no session", async () => {
    const lines = [
      ["DELETE /session?everywhere=false", "everywhere"],
      ["DELETE /session?everywhere&everywhere=0", "everywhere"],
      ["DELETE /session/devices?others=false", "others"],
      ["DELETE /session/devices?all=false", "all"],
      ["DELETE /session/devices?others&all=no", "all"],
      ["GET /session?touch=false", "touch"],
    ] as const;
    for (const [line, path] of lines) {
      const response = await phone.fetch(line);
      expect([response.status, await response.json()]).toEqual([
        400,
        {
          success: false,
          error: expect.objectContaining({
            code: "VALIDATION_FAILED",
            message: `Invalid request: ${path} must have no value, or the value true.`,
          }),
        },
      ]);
      expect([await readStatus(phone), await readStatus(laptop)]).toEqual(["authenticated", "authenticated"]);
    }
  });

  it("accept the value true of a query flag, and an empty value", async () => {
    expect(await endDevices(phone, "?others=true")).toBe(1);
    expect(await endDevices(phone, "?all=")).toBe(1);
  });

  it("return SESSION_NOT_FOUND for a device of another subject", async () => {
    const eve = site.browser();
    await eve.logIn("eve");
    const [ada] = await listDevices(phone);
    expect(await endDevices(eve, `/${ada?.id}`)).toBe("SESSION_NOT_FOUND");
    expect(await readStatus(phone)).toBe("authenticated");
  });

  it("require a recent login to end another device, but not to end the current device", async () => {
    const [current, other] = await listDevices(phone);
    site.pass(10 * MINUTE - 1);
    await phone.send("GET /session?touch");
    expect(await endDevices(phone, "?others")).toBe(1);
    await laptop.logIn();
    site.pass(1);
    for (const which of [`/${other?.id}`, "?others", "?all"]) {
      expect(await endDevices(phone, which)).toBe("REAUTHENTICATION_REQUIRED");
    }
    expect(await readStatus(laptop)).toBe("authenticated");
    expect((await phone.send("POST /session/elevate", { email: "ada", password: "secret" })).code).toBeNull();
    expect(await endDevices(phone, "?others")).toBe(1);
    site.pass(10 * MINUTE);
    expect(await endDevices(phone, "?others")).toBe("REAUTHENTICATION_REQUIRED");
    expect(await endDevices(phone, `/${current?.id}`)).toBe(1);
    expect(await readStatus(phone)).toBe("none");
    expect(phone.cookies.has("__Host-sid")).toBe(false);
  });
});

describe("POST /session/elevate", () => {
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

  it("keeps the session, but changes its token", async () => {
    const older = browser.copy();
    const { data } = await browser.send("POST /session/elevate", {
      credentials: { email: "ada", password: "secret" },
    });
    expect(data).toMatchObject({ status: "authenticated", user: { name: "ada" }, rev: 2 });
    expect((await older.send("GET /session")).data).toMatchObject({ status: "authenticated" });
    expect((await record())?.elevations).toEqual({ account: site.clock.now() + 10 * MINUTE });
  });

  it("rejects the password of another user", async () => {
    expect(await elevate({ email: "eve", password: "secret" })).toBe("FORBIDDEN");
    expect(await elevate({ email: "ada", password: "guess" })).toBe("FORBIDDEN");
    expect((await record())?.elevations).toEqual({});
  });

  it("rejects every scope except `account` if the option `elevate` is missing, and names this option", async () => {
    const body = { email: "ada", password: "secret", scope: "payments" };
    const response = await browser.fetch("POST /session/elevate", body);
    expect([response.status, await response.json()]).toMatchObject([
      400,
      {
        error: {
          code: "VALIDATION_FAILED",
          message:
            'Invalid request: scope must be "account", unless sessionRoutes() has the option "elevate".',
        },
      },
    ]);
    expect((await record())?.elevations).toEqual({});
  });

  it("calls the option `elevate` and uses the returned duration", async () => {
    await site.close();
    site = await startSite(startExpress, {
      routes: {
        elevate: ({ pin }, scope) => scope === "payments" && pin === 12,
        recentAuthentication: MINUTE,
      },
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
