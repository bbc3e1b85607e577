import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Session } from "../../src/session/session.ts";
import type { Device } from "../../src/wire.ts";
import type { Browser } from "./routes-browser.ts";
import { type Site, startExpress, startFastify, startHono, startSite } from "./routes-fixtures.ts";

const frameworks = { Express: startExpress, Fastify: startFastify, Hono: startHono };
const WHY = { reason: "ticket 4711", maxAge: 600_000 };

const list = async (browser: Browser) => (await browser.send<Device[]>("GET /session/devices")).data;

describe.each(Object.entries(frameworks))(
  "the session endpoints on %s, while impersonating",
  (_name, start) => {
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

    it("return the actor for the impersonation, and no actor for the subject's own session", async () => {
      const view = (await acting.send("GET /session")).data;
      expect([view.user, view.session?.actor]).toEqual([
        { name: "ada" },
        { subject: "clerk", reason: "ticket 4711" },
      ]);
      expect((await ada.send("GET /session")).data.session).not.toHaveProperty("actor");
    });

    it("list the impersonation as a device of the actor, who can end it, and not of the subject", async () => {
      const [impersonation, own] = await list(clerk);
      expect([impersonation, own].map((device) => device?.impersonates)).toEqual(["ada", undefined]);
      expect((await list(ada)).map(({ current }) => current)).toEqual([true]);
      const id = impersonation?.id;
      expect((await ada.send(`DELETE /session/devices/${id}`)).code).toBe("SESSION_NOT_FOUND");
      expect((await clerk.send<{ ended: number }>(`DELETE /session/devices/${id}`)).data.ended).toBe(1);
      expect((await acting.send("GET /session")).data).toMatchObject({ status: "none", reason: "revoked" });
    });

    it("reject ending the subject's sessions, and an elevation", async () => {
      const [device] = await list(ada);
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
  },
);
