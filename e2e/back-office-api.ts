import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type JWTPayload, SignJWT } from "jose";
import { expect, it } from "vitest";
import { deriveJwtKeys } from "../examples/back-office/src/jwt-keys.ts";
import { ApiClient } from "./back-office-client.ts";
import { type BackOffice, button, expectText, heading, link } from "./back-office-fixtures.ts";

/** Defines tests of the routes that require a JWT. */
export function testApi(office: BackOffice): void {
  const client = () => new ApiClient(office.url);
  const sessionsFile = () => join(office.folder, "coatcheck.db");

  /** Changes the tables as another program does, so that the office does not know of the change. */
  function changeDatabaseDirectly(sql: string): void {
    const database = new DatabaseSync(join(office.folder, "back-office.db"));
    database.exec("PRAGMA busy_timeout = 5000");
    database.exec(sql);
    database.close();
  }

  /** Returns a JWT with these claims, signed with the office's key. */
  async function signJwt(claims: JWTPayload, typ = "at+jwt"): Promise<string> {
    const secrets = readFileSync(`${sessionsFile()}.session-secrets`, "utf8").trim().split("\n");
    const [key] = deriveJwtKeys(secrets);
    if (!key?.privateKey)
      throw new Error(`${sessionsFile()}.session-secrets has no secret to derive a JWT key from.`);
    const header = { alg: key.algorithm, kid: key.id, typ };
    return await new SignJWT(claims).setProtectedHeader(header).sign(key.privateKey);
  }

  it("a login issues a JWT and sets no cookie; wrong credentials and malformed bodies are refused", async () => {
    const ada = client();
    const login = await ada.send("POST /api/login", { email: "ada@alpine.example", password: "password123" });
    expect(login.status).toBe(200);
    expect(login.headers.getSetCookie()).toEqual([]);
    expect(login.headers.get("cache-control")).toBe("no-store");
    expect(Date.parse(login.body.expires_at) - Date.now()).toBeGreaterThan(9 * 60_000);
    const { jwt } = login.body;
    const user = await new ApiClient(office.url, jwt).send("GET /api/user");
    expect(user.body).toMatchObject({
      name: "Ada Keller",
      role: "Administrator",
      company: "Alpine Supplies",
      warehouse: { name: "Zurich North" },
    });
    const wrong = await ada.send("POST /api/login", { email: "ada@alpine.example", password: "wrong" });
    expect([wrong.status, wrong.code]).toEqual([403, "FORBIDDEN"]);
    const fault = await ada.send("POST /api/login", { email: 7, password: "password123" });
    expect([fault.status, fault.code]).toEqual([400, "VALIDATION_FAILED"]);
    expect(JSON.stringify(fault.body)).toContain("email");
    const text = await ada.send("POST /api/login", "{");
    expect([text.status, text.code]).toEqual([400, "VALIDATION_FAILED"]);
    const large = await ada.send("POST /api/login", { email: "x".repeat(20_000), password: "" });
    expect([large.status, large.code]).toEqual([413, "PAYLOAD_TOO_LARGE"]);
  });

  it("a request without a valid JWT gets 401 and a code, even if it sends the cookie of a logged-in browser", async () => {
    const page = await office.logIn("ada");
    const cookies = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
    for (const call of ["GET /api/user", "GET /api/stock", "GET /api/warehouse", "POST /api/refresh"]) {
      const found = await client().send(call, undefined, { cookie: cookies });
      expect([found.status, found.code], call).toEqual([401, "SESSION_REQUIRED"]);
      expect(found.headers.getSetCookie(), call).toEqual([]);
    }

    const ada = client();
    await ada.logIn("ada@alpine.example");
    const [, payload = ""] = ada.jwt?.split(".") ?? [];
    const claims: JWTPayload = JSON.parse(Buffer.from(payload, "base64url").toString());
    const now = Math.floor(Date.now() / 1000);
    const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const hmac = `${encoded({ alg: "HS256", typ: "at+jwt" })}.${payload}`;
    const refused: Readonly<Record<string, readonly [jwt: string, code: string]>> = {
      "without a signature": [`${encoded({ alg: "none", typ: "at+jwt" })}.${payload}.`, "JWT_INVALID"],
      "with a shared secret": [
        `${hmac}.${createHmac("sha256", "secret").update(hmac).digest("base64url")}`,
        "JWT_INVALID",
      ],
      "with a changed signature": [`${ada.jwt?.slice(0, -6)}AAAAAA`, "JWT_INVALID"],
      "for another audience": [await signJwt({ ...claims, aud: "another-api" }), "JWT_INVALID"],
      "for another purpose": [await signJwt(claims, "password-reset+jwt"), "JWT_INVALID"],
      "that has expired": [await signJwt({ ...claims, exp: now - 60 }), "JWT_EXPIRED"],
    };
    for (const [title, [jwt, code]] of Object.entries(refused)) {
      const found = await new ApiClient(office.url, jwt).send("GET /api/user");
      expect([found.status, found.code], title).toEqual([401, code]);
      expect(found.headers.get("www-authenticate"), title).toBe('Bearer error="invalid_token"');
    }
    expect((await new ApiClient(office.url, await signJwt(claims)).send("GET /api/user")).status).toBe(200);
  });

  it("a route marked `sessionless` creates and writes no session, and sets no cookie", async () => {
    const ada = client();
    await ada.logIn("ada@alpine.example");
    const before = office.readStoredSessions();
    for (let index = 0; index < 20; index++) {
      const { status, headers } = await ada.send("GET /api/user");
      expect([status, headers.getSetCookie()]).toEqual([200, []]);
      await client().send("GET /api/user");
    }
    expect(office.readStoredSessions()).toEqual(before);
  });

  it("a change of the stock requires the permission, and the page shows the change with the user's name", async () => {
    const [cleo, ben] = [client(), client()];
    await cleo.logIn("cleo@alpine.example");
    await ben.logIn("ben@alpine.example");
    const { body } = await ben.send("GET /api/stock?q=led%20work");
    const [item] = body.items;
    const refused = await cleo.send(`POST /api/stock/${item.id}`, { change: 1 });
    expect([refused.status, refused.code]).toEqual([403, "FORBIDDEN"]);
    const changed = await ben.send(`POST /api/stock/${item.id}`, { change: 3 });
    expect([changed.status, changed.body]).toEqual([200, { quantity: item.quantity + 3 }]);
    const negative = await ben.send(`POST /api/stock/${item.id}`, { change: -9999 });
    expect([negative.status, negative.code]).toEqual([409, "CONFLICT"]);
    for (const id of ["0", "x", "999999999999", "-1"]) {
      const missing = await ben.send(`POST /api/stock/${id}`, { change: 1 });
      expect([400, 403], id).toContain(missing.status);
    }
    const half = await ben.send(`POST /api/stock/${item.id}`, { change: 0.5 });
    expect([half.status, half.code]).toEqual([400, "VALIDATION_FAILED"]);
    const page = await office.logIn("ada");
    await expectText(page.locator(".movements li").first()).toContain("Ben Moser");
  });

  it("GET /api/user returns the changes that another program has made to the user", async () => {
    const ada = client();
    await ada.logIn("ada@alpine.example");
    const page = await office.logIn("ada");
    changeDatabaseDirectly("UPDATE users SET name = 'Ada Keller-Roth' WHERE id = 1");
    await page.reload();
    await expectText(page.locator(".name")).toContain("Ada KellerAdministrator");
    expect((await ada.send("GET /api/user")).body.name).toBe("Ada Keller-Roth");
    await page.reload();
    await expectText(page.locator(".name")).toContain("Ada Keller-Roth");
    changeDatabaseDirectly("UPDATE users SET name = 'Ada Keller' WHERE id = 1");
    expect((await ada.send("GET /api/user")).body.name).toBe("Ada Keller");
  });

  it("POST /api/warehouse stores a warehouse in the session only if the user may enter the warehouse", async () => {
    const [ben, other, hana] = [client(), client(), client()];
    for (const each of [ben, other]) await each.logIn("ben@alpine.example");
    await hana.logIn("hana@harbour.example");
    const { warehouses } = (await ben.send("GET /api/user")).body;
    const bern = warehouses.find(({ name }: { name: string }) => name === "Bern Wankdorf");
    const foreign = (await hana.send("GET /api/user")).body.warehouse;
    expect((await ben.send("POST /api/warehouse", { xid: bern.xid })).body).toEqual(bern);
    for (const [xid, status, code] of [
      [foreign.xid, 403, "FORBIDDEN"],
      ["nonsense", 400, "VALIDATION_FAILED"],
      [7, 400, "VALIDATION_FAILED"],
    ] as const) {
      const refused = await ben.send("POST /api/warehouse", { xid });
      expect([refused.status, refused.code]).toEqual([status, code]);
    }
    expect((await ben.send("GET /api/warehouse")).body.name).toBe("Bern Wankdorf");
    expect((await ben.send("GET /api/stock")).body.warehouse).toBe("Bern Wankdorf");
    expect((await other.send("GET /api/warehouse")).body.name).toBe("Zurich North");
    expect((await ben.send("POST /api/warehouse", { xid: null })).body.name).toBe("Zurich North");
  });

  it("the header selects a warehouse for one request, and only if the user may enter the warehouse", async () => {
    const [ben, hana] = [client(), client()];
    await ben.logIn("ben@alpine.example");
    await hana.logIn("hana@harbour.example");
    const { warehouses } = (await ben.send("GET /api/user")).body;
    const bern = warehouses.find(({ name }: { name: string }) => name === "Bern Wankdorf");
    const select = (xid: string) => ({ "selected-warehouse-xid": xid });
    expect((await ben.send("GET /api/stock", undefined, select(bern.xid))).body.warehouse).toBe(
      "Bern Wankdorf",
    );
    expect((await ben.send("GET /api/stock")).body.warehouse).toBe("Zurich North");
    for (const call of ["GET /api/stock", "GET /api/user"]) {
      expect((await hana.send(call, undefined, select(bern.xid))).code, call).toBe("FORBIDDEN");
      expect((await hana.send(call, undefined, select("x"))).code, call).toBe("VALIDATION_FAILED");
    }
  });

  it("POST /api/refresh accepts a JWT or the session token until the user logs out", async () => {
    const ada = client();
    const token = await ada.logIn("ada@alpine.example");
    const first = ada.jwt;
    const second = (await ada.send("POST /api/refresh")).body.jwt;
    const third = (await new ApiClient(office.url, token).send("POST /api/refresh")).body.jwt;
    expect(new Set([first, second, third]).size).toBe(3);
    for (const jwt of [first, second, third]) {
      expect((await new ApiClient(office.url, jwt).send("GET /api/stock")).status).toBe(200);
    }
    expect((await ada.send("POST /api/logout")).status).toBe(204);
    for (const jwt of [first, second, third, token]) {
      for (const call of ["GET /api/stock", "POST /api/refresh"]) {
        const { status } = await new ApiClient(office.url, jwt).send(call);
        expect(status, call).toBe(401);
      }
    }
    expect((await new ApiClient(office.url, second).send("GET /api/user")).code).toBe("SESSION_REVOKED");
  });

  it("a JWT is rejected after its user is disabled or its user's company is suspended", async () => {
    const [cleo, ole] = [client(), client()];
    await cleo.logIn("cleo@alpine.example");
    await ole.logIn("ole@harbour.example");
    const root = await office.logIn("ada", "root@office.example");
    await button(root, "Suspend: Harbour Trading").click();
    await button(root, "Resume: Harbour Trading").waitFor();
    const suspended = await ole.send("GET /api/user");
    expect([suspended.status, suspended.code]).toEqual([403, "FORBIDDEN"]);
    await button(root, "Resume: Harbour Trading").click();
    await button(root, "Suspend: Harbour Trading").waitFor();
    expect((await ole.send("GET /api/user")).status).toBe(200);
    await link(root, "Alpine Supplies").click();
    await link(root, "Cleo Rossi").click();
    await heading(root, "Cleo Rossi").waitFor();
    await root.getByLabel("Active").uncheck();
    await button(root, "Save").click();
    await root.getByText("Saved.").waitFor();
    expect((await cleo.send("GET /api/user")).code).toBe("SESSION_REVOKED");
    await root.getByLabel("Active").check();
    await button(root, "Save").click();
    await root.getByText("Saved.").waitFor();
  });
}
