import { describe, expect, test } from "vitest";
import { ADMIN_TOKEN, API_KEYS } from "./fixtures.ts";
import { useService } from "./local-service.ts";
import { TestClient } from "./test-client.ts";

/** Creates a session in a browser. Returns the browser, its session's path, and a function that logs it in. */
async function openBrowser(url: string) {
  const browser = new TestClient(url);
  const path = await browser.create();
  /** The application logs the browser in by sending its key and the browser's cookie. */
  const logIn = (subject: string) =>
    browser.send("POST", `${path}/authenticate`, { subject }, { authorization: `Bearer ${API_KEYS.shop}` });
  return { browser, path, logIn };
}

/** Returns a session as the admin reads it. */
const readAsAdmin = async (url: string, path: string) =>
  (await new TestClient(url, ADMIN_TOKEN).get(path)).body.data;

describe("with SESSION_LIMIT=1", () => {
  const service = useService({ SESSION_LIMIT: "1" });

  test("a second login ends the subject's first session, but no session of another subject", async () => {
    const { url } = service();
    const [first, second, other] = [await openBrowser(url), await openBrowser(url), await openBrowser(url)];
    for (const [{ logIn }, subject] of [
      [first, "ann"],
      [other, "bob"],
      [second, "ann"],
    ] as const) {
      expect((await logIn(subject)).status).toBe(200);
    }
    expect((await second.browser.get(second.path)).body.data).toMatchObject({ subject: "ann" });
    expect((await other.browser.get(other.path)).body.data).toMatchObject({ subject: "bob" });
    const refused = await first.browser.get(first.path);
    expect([refused.status, refused.body.error?.code]).toEqual([401, "SESSION_REVOKED"]);
    expect(await readAsAdmin(url, first.path)).toMatchObject({ state: "revoked", reason: "limit" });
  });

  test("a backend's request that creates a logged-in session ends the subject's first session", async () => {
    const backend = new TestClient(service().url, API_KEYS.slack);
    const first = await backend.create({ subject: "eve" });
    const second = await backend.create({ subject: "eve" });
    expect(await readAsAdmin(service().url, first)).toMatchObject({ state: "revoked", reason: "limit" });
    expect(await readAsAdmin(service().url, second)).toMatchObject({ state: "active" });
  });
});

describe("with SESSION_LIMIT=1 and SESSION_LIMIT_ACTION=reject", () => {
  const service = useService({ SESSION_LIMIT: "1", SESSION_LIMIT_ACTION: "reject" });

  test("a login in a second browser is refused until the session in the first browser has ended", async () => {
    const { url } = service();
    const [first, second] = [await openBrowser(url), await openBrowser(url)];
    expect((await first.logIn("ann")).status).toBe(200);
    expect((await first.logIn("ann")).status).toBe(200);
    const refused = await second.logIn("ann");
    expect([refused.status, refused.body.error?.code]).toEqual([409, "CONFLICT"]);
    expect((await first.browser.get(first.path)).body.data).toMatchObject({ subject: "ann" });
    expect((await second.browser.get(second.path)).body.data).toMatchObject({ subject: null });
    expect((await first.browser.delete(first.path)).status).toBe(200);
    expect((await second.logIn("ann")).status).toBe(200);
  });
});
