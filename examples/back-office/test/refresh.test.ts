import { createJwts } from "coatcheck/jwt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as loginRoute from "../app/api/login/route.ts";
import * as logoutRoute from "../app/api/logout/route.ts";
import * as refreshRoute from "../app/api/refresh/route.ts";
import * as stockRoute from "../app/api/stock/route.ts";
import { deriveJwtKeys } from "../src/jwt-keys.ts";
import { clientRequest, openRoutedOffice, type RoutedOffice } from "./route-fixtures.ts";

/** The parts of the login response that a client stores. */
interface Login {
  readonly jwt: string;
  readonly session_token: string;
}

describe("an API client whose responses are lost", () => {
  let office: RoutedOffice;

  beforeAll(async () => {
    office = await openRoutedOffice();
  });
  afterAll(() => office.close());

  async function logIn(): Promise<Login> {
    const body = JSON.stringify({ email: "ben@alpine.example", password: "password123" });
    return await (await loginRoute.POST(clientRequest("/api/login", { body }), {})).json();
  }

  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

  /** Requests a new JWT and returns it. */
  async function refresh(token: string): Promise<string> {
    const response = await refreshRoute.POST(
      clientRequest("/api/refresh", { body: "", ...bearer(token) }),
      {},
    );
    expect(response.status).toBe(200);
    return (await response.json()).jwt;
  }

  async function statusWith(jwt: string): Promise<number> {
    const request = clientRequest("/api/stock", bearer(jwt));
    return (await stockRoute.GET(request, { params: Promise.resolve({}) })).status;
  }

  /** Returns the stored session of a login. */
  async function recordOf({ jwt }: Login) {
    const { sessionId } = await office.jwts.verify(jwt);
    return await office.sessions.manager.find(sessionId);
  }

  it("can refresh repeatedly with the same JWT, which stays valid", async () => {
    const login = await logIn();
    const lost = await refresh(login.jwt);
    expect(await statusWith(login.jwt)).toBe(200);
    const received = await refresh(login.jwt);
    expect(received).not.toBe(lost);
    expect(await Promise.all([login.jwt, lost, received].map(statusWith))).toEqual([200, 200, 200]);
  });

  it("can refresh repeatedly with the session token, which no refresh replaces", async () => {
    const login = await logIn();
    const before = await recordOf(login);
    await refresh(login.session_token);
    await refresh(login.session_token);
    const jwts = await Promise.all([1, 2, 3].map(() => refresh(login.session_token)));
    expect(await Promise.all(jwts.map(statusWith))).toEqual([200, 200, 200]);
    expect((await recordOf(login))?.version).toBe(before?.version);
  });

  it("gets JWT_EXPIRED for its old JWT after an hour without requests, and refreshes with the session token", async () => {
    const login = await logIn();
    await refresh(login.jwt);
    const { manager, cache, secrets } = office.sessions;
    const hourAgo = createJwts({
      manager,
      cache,
      issuer: "back-office",
      audience: "back-office-api",
      keys: deriveJwtKeys(secrets),
      clock: { now: () => Date.now() - 3_600_000 },
    });
    const { token } = await hourAgo.issue({ record: await recordOf(login) });
    const request = clientRequest("/api/refresh", { body: "", ...bearer(token) });
    const refused = await refreshRoute.POST(request, {});
    expect([refused.status, (await refused.json()).error.code]).toEqual([401, "JWT_EXPIRED"]);
    expect(await statusWith(await refresh(login.session_token))).toBe(200);
  });

  it("can log out, which also ends the JWT of a lost response", async () => {
    const login = await logIn();
    const lost = await refresh(login.jwt);
    const request = clientRequest("/api/logout", { body: "", ...bearer(login.session_token) });
    expect((await logoutRoute.POST(request, {})).status).toBe(204);
    expect(await Promise.all([login.jwt, lost].map(statusWith))).toEqual([401, 401]);
  });
});
