import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ImpersonationRoutesOptions } from "../../src/http/routes/index.ts";
import { Session } from "../../src/session/session.ts";
import type { Device } from "../../src/wire.ts";
import type { Browser } from "./routes-browser.ts";
import { type Site, startExpress, startFastify, startHono, startSite } from "./routes-fixtures.ts";

const FRAMEWORKS = Object.entries({ Express: startExpress, Fastify: startFastify, Hono: startHono });
const WHY = { reason: "ticket 4711", maxAge: 600_000 };

const listDevices = async (browser: Browser) => (await browser.send<Device[]>("GET /session/devices")).data;

describe.each(FRAMEWORKS)("the session endpoints on %s, while impersonating", (_name, start) => {
  let site: Site;
  let clerk: Browser;
  let ada: Browser;
  let acting: Browser;

  beforeEach(async () => {
    site = await startSite(start);
    clerk = site.browser();
    ada = site.browser();
    acting = site.browser();
    await clerk.logIn("clerk");
    await ada.logIn("ada");
    site.pass(1000);
    const own = await site.manager.resume(clerk.cookies.get("__Host-sid") ?? "");
    if (!(own instanceof Session)) throw new Error("The clerk is not logged in.");
    await own.impersonate("ada", WHY);
    acting.cookies.set("__Host-sid", (await own.commit()).token ?? "");
    acting.csrfToken = (await acting.send("GET /session")).data.csrf_token;
  });
  afterEach(() => site.close());

  it("return the actor in the impersonation's session, and no actor in the subject's own session", async () => {
    const view = (await acting.send("GET /session")).data;
    expect([view.user, view.session?.actor]).toEqual([
      { name: "ada" },
      { subject: "clerk", reason: "ticket 4711" },
    ]);
    expect((await ada.send("GET /session")).data.session).not.toHaveProperty("actor");
  });

  it("list the impersonation as a device of the actor but not of the subject, and let the actor end it", async () => {
    const [impersonation, own] = await listDevices(clerk);
    expect([impersonation, own].map((device) => device?.impersonates)).toEqual(["ada", undefined]);
    expect((await listDevices(ada)).map(({ current }) => current)).toEqual([true]);
    const id = impersonation?.id;
    expect((await ada.send(`DELETE /session/devices/${id}`)).code).toBe("SESSION_NOT_FOUND");
    expect((await clerk.send<{ ended: number }>(`DELETE /session/devices/${id}`)).data.ended).toBe(1);
    expect((await acting.send("GET /session")).data).toMatchObject({ status: "none", reason: "revoked" });
  });

  it("reject requests to end the subject's own sessions, and requests to elevate the session", async () => {
    const [device] = await listDevices(ada);
    for (const which of [`/${device?.id}`, "?others", "?all"]) {
      expect((await acting.send(`DELETE /session/devices${which}`)).code).toBe("FORBIDDEN");
    }
    expect((await acting.send("DELETE /session?everywhere")).code).toBe("FORBIDDEN");
    const credentials = { email: "ada", password: "secret" };
    expect((await acting.send("POST /session/elevate", credentials)).code).toBe("FORBIDDEN");
    expect((await ada.send("GET /session")).data.status).toBe("authenticated");
  });

  it("end the impersonation and the actor's own session at a logout", async () => {
    await acting.send("DELETE /session");
    expect((await clerk.send("GET /session")).data).toMatchObject({ status: "none", reason: "revoked" });
    expect(acting.cookies.has("__Host-sid")).toBe(false);
  });
});

/** Allows a clerk to impersonate any user who is not a clerk, for ten minutes. */
const authorize: ImpersonationRoutesOptions["authorize"] = ({ actor, subject }) =>
  actor.startsWith("clerk") && !subject.startsWith("clerk") ? { tenant: "shop", maxAge: 600_000 } : null;
const ACT_FOR_ADA = { subject: "ada", reason: "ticket 4711" };

describe.each(FRAMEWORKS)("the impersonation endpoints on %s", (_name, start) => {
  let site: Site;
  let clerk: Browser;

  beforeEach(async () => {
    site = await startSite(start, { routes: { impersonation: { authorize } } });
    clerk = site.browser();
    await clerk.logIn("clerk");
  });
  afterEach(() => site.close());

  it("begin an impersonation with the options that `authorize` returns, and restore the administrator's session at its end", async () => {
    const own = clerk.cookies.get("__Host-sid");
    const begun = await clerk.send("POST /session/impersonation", ACT_FOR_ADA);
    expect(begun.data).toMatchObject({
      status: "authenticated",
      user: { name: "ada" },
      session: { subject: "ada", tenant: "shop", actor: { subject: "clerk", reason: "ticket 4711" } },
    });
    expect(begun.data.session?.expiresInMs).toBe(600_000);
    expect((await clerk.send("GET /session")).data.user).toEqual({ name: "ada" });
    const stopped = await clerk.send("DELETE /session/impersonation");
    expect(stopped.data).toMatchObject({ user: { name: "clerk" }, session: { subject: "clerk" } });
    expect([clerk.cookies.get("__Host-sid"), stopped.data.session]).toEqual([
      own,
      expect.not.objectContaining({ actor: expect.anything() }),
    ]);
  });

  it("accept a repeated request, which then changes nothing", async () => {
    await clerk.send("POST /session/impersonation", ACT_FOR_ADA);
    const acting = clerk.cookies.get("__Host-sid");
    expect((await clerk.send("POST /session/impersonation", ACT_FOR_ADA)).data.user).toEqual({ name: "ada" });
    expect(clerk.cookies.get("__Host-sid")).toBe(acting);
    for (let count = 0; count < 2; count++) {
      expect((await clerk.send("DELETE /session/impersonation")).data.user).toEqual({ name: "clerk" });
    }
  });

  it("restore the administrator's session even after the impersonation has expired", async () => {
    await clerk.send("POST /session/impersonation", ACT_FOR_ADA);
    site.pass(600_000);
    expect((await clerk.send("GET /session")).data).toMatchObject({ status: "none", reason: "expired" });
    expect((await clerk.send("DELETE /session/impersonation")).data.user).toEqual({ name: "clerk" });
  });

  it("respond FORBIDDEN if `authorize` returns null or the administrator already impersonates another subject", async () => {
    const begin = async (browser: Browser, body: unknown) =>
      (await browser.send("POST /session/impersonation", body)).code;
    expect(await begin(clerk, { ...ACT_FOR_ADA, subject: "clerk-2" })).toBe("FORBIDDEN");
    const customer = site.browser();
    await customer.logIn("bob");
    expect(await begin(customer, ACT_FOR_ADA)).toBe("FORBIDDEN");
    await clerk.send("POST /session/impersonation", ACT_FOR_ADA);
    expect(await begin(clerk, { ...ACT_FOR_ADA, subject: "bob" })).toBe("FORBIDDEN");
    expect((await clerk.send("GET /session")).data.user).toEqual({ name: "ada" });
  });

  it("require a login, a recent authentication and a CSRF token", async () => {
    const visitor = site.browser();
    await visitor.send("POST /session/init");
    expect((await visitor.send("POST /session/impersonation", ACT_FOR_ADA)).code).toBe("SESSION_REQUIRED");
    expect((await visitor.send("DELETE /session/impersonation")).data.status).toBe("anonymous");
    const forged = await clerk.send("POST /session/impersonation", ACT_FOR_ADA, { "x-csrf-token": "forged" });
    expect(forged.code).toBe("CSRF_INVALID");
    site.pass(11 * 60_000);
    const late = await clerk.send("POST /session/impersonation", ACT_FOR_ADA);
    expect(late.code).toBe("REAUTHENTICATION_REQUIRED");
    await clerk.send("POST /session/elevate", { email: "clerk", password: "secret" });
    expect((await clerk.send("POST /session/impersonation", ACT_FOR_ADA)).data.user).toEqual({ name: "ada" });
  });

  it("reject a missing or invalid subject or reason with VALIDATION_FAILED", async () => {
    for (const body of [
      {},
      { subject: "ada" },
      { subject: "ada", reason: "" },
      { subject: ["ada"], reason: "ticket" },
      { subject: "a".repeat(257), reason: "ticket" },
      { subject: "ada", reason: "r".repeat(257) },
      { subject: "clerk", reason: "ticket" },
      "no json",
    ]) {
      const { status, code } = await clerk.send("POST /session/impersonation", body);
      expect([status, code]).toEqual([400, "VALIDATION_FAILED"]);
    }
    expect((await clerk.send("GET /session")).data.user).toEqual({ name: "clerk" });
  });
});

it.each(FRAMEWORKS)(
  "the impersonation endpoints on %s respond 404 without the option `impersonation`",
  async (_name, start) => {
    const site = await startSite(start);
    const clerk = site.browser();
    await clerk.logIn("clerk");
    for (const method of ["POST", "DELETE"]) {
      const { status } = await clerk.fetch(`${method} /session/impersonation`, ACT_FOR_ADA);
      expect(status).toBe(404);
    }
    await site.close();
  },
);

it("sessionRoutes() throws if the option `authorize` is missing, and a request fails if `authorize` returns an invalid grant", async () => {
  const routes = (impersonation: object) => startSite(startExpress, { routes: { impersonation } as never });
  await expect(routes({ authorise: authorize })).rejects.toThrow(
    'unknown option "impersonation.authorise"; did you mean "impersonation.authorize"?',
  );
  await expect(routes({})).rejects.toThrow("impersonation.authorize must be a function (got undefined)");
  for (const grant of [{ maxage: 1000 }, undefined, true]) {
    const site = await routes({ authorize: () => grant });
    const clerk = site.browser();
    await clerk.logIn("clerk");
    expect((await clerk.fetch("POST /session/impersonation", ACT_FOR_ADA)).status).toBe(500);
    expect((await clerk.send("GET /session")).data.user).toEqual({ name: "clerk" });
    await site.close();
  }
});
