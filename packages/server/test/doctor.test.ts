import { createServer, type RequestListener } from "node:http";
import { SessionManager } from "coatcheck";
import { coatcheck, sessionOf } from "coatcheck/express";
import { memoryStore } from "coatcheck/store/memory";
import express from "express";
import session from "express-session";
import { describe, expect, test } from "vitest";
import { codes, GOOD, Sites, sets } from "./doctor-sites.ts";
import { serviceOfThisFile } from "./running.ts";

const service = serviceOfThisFile();
const sites = Sites.ofThisFile();

describe("real applications", () => {
  function olderShop(trusts: boolean): RequestListener {
    const app = express().set("trust proxy", trusts);
    app.use(
      session({ secret: "a secret", resave: false, saveUninitialized: true, cookie: { secure: true } }),
    );
    app.get("/", (_request, response) => void response.send("hello"));
    return app;
  }

  test("express-session behind a proxy that is not trusted, and one that is", async () => {
    expect(await codes(await sites.plain(olderShop(false)))).toEqual(["not-set"]);
    expect(await codes(await sites.plain(olderShop(true)))).toEqual(["only-behind-proxy"]);
  });

  test("a Coatcheck shop is well, on https", async () => {
    const app = express();
    app.use(coatcheck(new SessionManager({ store: memoryStore(), secrets: ["a secret of the shop"] })));
    app.get("/", async (request, response) => {
      (await sessionOf(request).load()).data;
      await (await sessionOf(request).load()).patch({ seen: true });
      response.send("hello");
    });
    const { code, output } = await sites.doctor([await sites.encrypted(app)]);
    expect(output).toContain("Nothing is wrong with __Host-sid");
    expect(code).toBe(0);
  });

  test("the service is well, but for https", async () => {
    const args = ["--method", "post", "--data", "{}", "--json"];
    const { code, report } = await sites.doctor([`${service().url}/api/v1/sessions`, ...args]);
    expect(report.findings.filter(({ level }: { level: string }) => level === "problem")).toEqual([]);
    expect(report).toMatchObject({
      ok: true,
      session: expect.stringMatching(/sid$/),
      answers: [{ status: 201 }],
    });
    expect(code).toBe(0);
  });
});

describe("on https", () => {
  test("a proxy that is not trusted shows in the cookie, and in redirects", async () => {
    const plain = await sites.encrypted(sets(GOOD));
    expect((await sites.doctor([plain, "--json"])).report.findings).toMatchObject([{ code: "not-secure" }]);
    const url = await sites.encrypted((request, response) => {
      const location = request.url === "/self" ? "/self" : `http://${request.headers.host}/`;
      response.writeHead(302, { location }).end();
    });
    for (const path of ["/self", "/plain"]) {
      const { report } = await sites.doctor([`${url}${path}`, "--json"]);
      expect(report.findings.map(({ code }: { code: string }) => code)).toEqual([
        "proxy-not-trusted",
        "not-set",
      ]);
    }
  });
});

describe("the command", () => {
  test("tells each finding with what to do, no value of a cookie, and exits with 1", async () => {
    const { code, output } = await sites.doctor([
      await sites.plain(sets("sid=secret-value; Domain=example.com")),
    ]);
    expect(code).toBe(1);
    expect(output).toMatch(/200 {2}http:\/\/localhost:\d+\/ {2}sets sid/);
    expect(output).toMatch(
      /problem {2}foreign-domain\n {2}sid is for example\.com.*\n {2}→ Leave Domain away/,
    );
    expect(output).not.toContain("secret-value");
  });

  test("--json is for programs, without values too", async () => {
    const { code, output, report } = await sites.doctor([
      await sites.plain(sets("sid=secret-value; Path=/")),
      "--json",
    ]);
    expect(report).toMatchObject({
      ok: true,
      session: "sid",
      findings: [{ level: "hint", code: "readable" }],
    });
    expect(output).not.toContain("secret-value");
    expect(code).toBe(0);
  });

  test("--help", async () => {
    const { output } = await sites.doctor(["--help"]);
    for (const option of ["<url>", "--frontend", "--cookie", "--method", "--data", "--json"]) {
      expect(output).toContain(option);
    }
  });

  test.each([
    [["shop.example"], /^coatcheck: The URL must be such as https:/],
    [["file:///etc/passwd"], /^coatcheck: The URL must be such as https:/],
    [["http://localhost:8000/", "--frontend", "x"], /^coatcheck: --frontend must be such as https:/],
  ])("%j is turned away in a line", async (args, said) => {
    const { code, errors, output } = await sites.doctor(args);
    expect([code, output]).toEqual([1, ""]);
    expect(errors).toMatch(said);
  });

  test("where nobody listens", async () => {
    const server = createServer();
    const port = await sites.listen(server);
    server.close();
    const { code, errors } = await sites.doctor([`http://127.0.0.1:${port}/`]);
    expect(code).toBe(1);
    expect(errors).toBe(`coatcheck: http://127.0.0.1:${port} cannot be asked: ECONNREFUSED.\n`);
  });
});
