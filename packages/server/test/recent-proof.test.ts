import { afterEach, beforeEach, expect, test } from "vitest";
import { ADMIN_TOKEN, API_KEYS } from "./fixtures.ts";
import { buildObservedApp, type ObservedApp } from "./observed-app.ts";

const MINUTE = 60_000;
const ANN = "/api/v1/subjects/ann/sessions";
let observed: ObservedApp;

beforeEach(async () => {
  observed = await buildObservedApp();
});
afterEach(() => observed.close());

async function logIn() {
  const { record, token } = await observed.manager.create({ subject: "ann", owner: "consumer:slack" });
  return { id: record.id, token };
}

/** Ends Ann's sessions with a request that carries these headers. */
async function endAllSessions(headers: Record<string, string>, query = "") {
  const response = await observed.app.inject({ method: "DELETE", url: ANN + query, headers });
  return [response.statusCode, response.json().error?.code ?? response.json().data.ended];
}

test.each([
  ["a cookie", (token: string) => ({ cookie: `sid=${token}`, host: "localhost" })],
  ["a bearer token", (token: string) => ({ authorization: `Bearer ${token}` })],
])(
  "a request with %s can end the subject's sessions only shortly after a login",
  async (_name, headersOf) => {
    const stolen = await logIn();
    const other = await logIn();
    observed.clock.pass(10 * MINUTE);
    for (const query of ["", `?except=${stolen.id}`]) {
      expect(await endAllSessions(headersOf(stolen.token), query)).toEqual([
        403,
        "REAUTHENTICATION_REQUIRED",
      ]);
    }
    expect((await observed.manager.find(other.id))?.state).toBe("active");
    const fresh = await logIn();
    expect(await endAllSessions(headersOf(fresh.token))).toEqual([200, 3]);
  },
);

test("a session can end the subject's sessions after an elevation for the scope `account`, but not after one for another scope", async () => {
  const { id } = await logIn();
  observed.clock.pass(60 * MINUTE);
  const { token: unrelated } = await observed.manager.elevate(id, "billing", MINUTE);
  expect((await endAllSessions({ authorization: `Bearer ${unrelated}` }))[0]).toBe(403);
  const { token } = await observed.manager.elevate(id, "account", MINUTE);
  expect(await endAllSessions({ authorization: `Bearer ${token}` })).toEqual([200, 1]);
});

test.each([ADMIN_TOKEN, API_KEYS.slack])(
  "a request with a key can end a subject's sessions without a recent login",
  async (key) => {
    await logIn();
    observed.clock.pass(60 * MINUTE);
    expect(await endAllSessions({ authorization: `Bearer ${key}` })).toEqual([200, 1]);
  },
);
