import { execFile } from "node:child_process";
import { hash } from "node:crypto";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { describeWithProgram } from "../../../scripts/test-programs/describe.ts";
import { ADMIN_TOKEN } from "./fixtures.ts";
import { useService } from "./local-service.ts";
import { buildObservedApp, type ObservedApp } from "./observed-app.ts";

const BROWSER_ACCEPT_HEADER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

describe("the landing page", () => {
  let observed: ObservedApp;
  afterEach(() => observed.close());

  async function page(host = "localhost:3000", accept = BROWSER_ACCEPT_HEADER) {
    return await observed.app.inject({ url: "/", headers: { host, accept } });
  }

  test("contains the store, the cache, the live sessions and links for a browser", async () => {
    const installation = { store: "SQLite", shopUrl: "http://localhost:3001" };
    observed = await buildObservedApp({ installation });
    await observed.manager.create();
    const { statusCode, headers, body } = await page();
    expect([statusCode, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    for (const fact of ["SQLite", "In this process", "<dt>Live sessions</dt><dd>1</dd>", "is running"]) {
      expect(body).toContain(fact);
    }
    const links = [...body.matchAll(/href="([^"]+)"/g)].map(([, href]) => href);
    expect(links).toEqual(["http://localhost:3001", "/docs", "/openapi.json", "/health"]);
    for (const link of links.slice(1))
      expect((await observed.app.inject({ url: link ?? "" })).statusCode).toBe(200);
  });

  test("loads no files, and its Content-Security-Policy allows only the page's own style", async () => {
    observed = await buildObservedApp();
    const { headers, body } = await page();
    const style = /<style>(.*)<\/style>/s.exec(body)?.[1] ?? "";
    const policy = String(headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none';");
    expect(policy).toContain(`style-src 'sha256-${hash("sha256", style, "base64")}'`);
    expect(body).not.toMatch(/<script|<link|<img|style=|url\(|@import/);
    expect(headers["set-cookie"]).toBeUndefined();
  });

  test.each([undefined, "*/*", "application/json", "text/html;q=0, application/json"])(
    "is JSON if the request accepts %s",
    async (accept) => {
      observed = await buildObservedApp();
      const { headers, json } = await observed.app.inject({ url: "/", headers: accept ? { accept } : {} });
      expect(headers["content-type"]).toMatch(/^application\/json/);
      expect(headers.vary).toContain("Accept");
      expect(json().data).toMatchObject({
        name: "Coatcheck",
        isHealthy: true,
        liveSessions: 0,
        shopUrl: null,
      });
    },
  );

  test("reports that the store does not respond", async () => {
    observed = await buildObservedApp({ installation: { store: "SQLite" } });
    await observed.manager.close();
    expect((await page()).body).toContain("SQLite, not responding");
  });

  test("hides the path of the admin token's file and a loopback URL of the shop from clients on other machines", async () => {
    const installation = {
      shopUrl: "http://localhost:3001",
      adminTokenFile: "data/coatcheck.db.admin-token",
    };
    observed = await buildObservedApp({ installation });
    expect((await page()).body).toContain("$(cat &#39;data/coatcheck.db.admin-token&#39;)");
    const { body } = await page("sessions.example");
    expect(body).toContain("curl http://sessions.example/api/v1/sessions");
    expect(body).toContain("Bearer $ADMIN_TOKEN");
    expect(body).not.toMatch(/admin-token|3001/);
  });

  test.each(['"><script>alert(1)</script>', "a.example; rm -rf ~", "$(reboot)", "a.example'"])(
    "does not contain the unsafe host %s of the request",
    async (host) => {
      observed = await buildObservedApp();
      const { body } = await page(host);
      expect(body).toContain("curl http://localhost/api/v1/sessions");
      expect(body).not.toMatch(/alert|reboot|rm -rf|a\.example/);
    },
  );
});

describeWithProgram("the commands on the landing page", "curl", () => {
  const service = useService();

  test("log a user in, and list and end the user's sessions", async () => {
    const { data } = (await (await fetch(service().url)).json()) as {
      data: { commands: Record<string, string> };
    };
    const outputs = [];
    for (const command of Object.values(data.commands)) {
      const env = { ...process.env, ADMIN_TOKEN: ADMIN_TOKEN };
      const { stdout } = await promisify(execFile)("sh", ["-c", `${command} --silent`], { env });
      outputs.push(JSON.parse(stdout).data);
    }
    const [login, list, end] = outputs;
    expect(login.token).toMatch(/^[\w-]{50}$/);
    expect(list.sessions).toMatchObject([{ sessionId: login.sessionId, subject: "ada", rememberMe: true }]);
    expect(end).toEqual({ ended: 1 });
  });
});
