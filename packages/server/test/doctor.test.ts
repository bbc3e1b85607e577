import { createServer, type RequestListener } from "node:http";
import { SessionManager } from "coatcheck";
import { coatcheck, sessionOf } from "coatcheck/express";
import { memoryStore } from "coatcheck/store/memory";
import express from "express";
import session from "express-session";
import { describe, expect, test } from "vitest";
import { cookieSetter, findingCodes, Sites, VALID_COOKIE } from "./doctor-fixtures.ts";
import { useService } from "./local-service.ts";

const service = useService();
const sites = Sites.use();

describe("doctor on a real application", () => {
  function expressSessionShop(trusts: boolean): RequestListener {
    const app = express().set("trust proxy", trusts);
    app.use(
      session({ secret: "a secret", resave: false, saveUninitialized: true, cookie: { secure: true } }),
    );
    app.get("/", (_request, response) => void response.send("hello"));
    return app;
  }

  test("reports that express-session sets its cookie only behind a trusted proxy", async () => {
    expect(await findingCodes(await sites.startHttp(expressSessionShop(false)))).toEqual(["not-set"]);
    expect(await findingCodes(await sites.startHttp(expressSessionShop(true)))).toEqual([
      "only-behind-proxy",
    ]);
  });

  test("finds no problem in a Coatcheck application on https", async () => {
    const app = express();
    app.use(coatcheck(new SessionManager({ store: memoryStore(), secrets: ["a secret of the shop"] })));
    app.get("/", async (request, response) => {
      (await sessionOf(request).load()).data;
      await (await sessionOf(request).load()).patch({ seen: true });
      response.send("hello");
    });
    const { code, output } = await sites.runDoctor([await sites.startHttps(app)]);
    expect(output).toContain("No problem found with __Host-sid");
    expect(code).toBe(0);
  });

  test("finds no problem in the service on http", async () => {
    const args = ["--method", "post", "--data", "{}", "--json"];
    const { code, report } = await sites.runDoctor([`${service().url}/api/v1/sessions`, ...args]);
    expect(report.findings.filter(({ level }: { level: string }) => level === "problem")).toEqual([]);
    expect(report).toMatchObject({
      ok: true,
      session: expect.stringMatching(/sid$/),
      answers: [{ status: 201 }],
    });
    expect(code).toBe(0);
  });
});

describe("doctor on an https site", () => {
  test("detects from the cookie and from redirects that the server does not trust its proxy", async () => {
    const plain = await sites.startHttps(cookieSetter(VALID_COOKIE));
    expect((await sites.runDoctor([plain, "--json"])).report.findings).toMatchObject([
      { code: "not-secure" },
    ]);
    const url = await sites.startHttps((request, response) => {
      const location = request.url === "/self" ? "/self" : `http://${request.headers.host}/`;
      response.writeHead(302, { location }).end();
    });
    for (const path of ["/self", "/plain"]) {
      const { report } = await sites.runDoctor([`${url}${path}`, "--json"]);
      expect(report.findings.map(({ code }: { code: string }) => code)).toEqual([
        "proxy-not-trusted",
        "not-set",
      ]);
    }
  });
});

describe("the command `coatcheck doctor`", () => {
  test("prints each finding with advice but without cookie values, and exits with code 1", async () => {
    const { code, output } = await sites.runDoctor([
      await sites.startHttp(cookieSetter("sid=secret-value; Domain=example.com")),
    ]);
    expect(code).toBe(1);
    expect(output).toMatch(/200 {2}http:\/\/localhost:\d+\/ {2}sets sid/);
    expect(output).toMatch(
      /problem {2}foreign-domain\n {2}sid has Domain=example\.com.*\n {2}→ Remove Domain/,
    );
    expect(output).not.toContain("secret-value");
  });

  test("prints JSON without cookie values if it runs with --json", async () => {
    const { code, output, report } = await sites.runDoctor([
      await sites.startHttp(cookieSetter("sid=secret-value; Path=/")),
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

  test("lists all options if it runs with --help", async () => {
    const { output } = await sites.runDoctor(["--help"]);
    for (const option of ["<url>", "--frontend", "--cookie", "--method", "--data", "--json"]) {
      expect(output).toContain(option);
    }
  });

  test.each([
    [["shop.example"], /^coatcheck: The URL must be an http or https URL/],
    [["file:///etc/passwd"], /^coatcheck: The URL must be an http or https URL/],
    [["http://localhost:8000/", "--frontend", "x"], /^coatcheck: --frontend must be an http or https URL/],
  ])("rejects the arguments %j with an error message of one line", async (args, message) => {
    const { code, errors, output } = await sites.runDoctor(args);
    expect([code, output]).toEqual([1, ""]);
    expect(errors).toMatch(message);
  });

  test("reports that the connection was refused", async () => {
    const server = createServer();
    const port = await sites.listen(server);
    server.close();
    const { code, errors } = await sites.runDoctor([`http://127.0.0.1:${port}/`]);
    expect(code).toBe(1);
    expect(errors).toBe(`coatcheck: The request to http://127.0.0.1:${port} failed: ECONNREFUSED.\n`);
  });
});
