import { expect, it } from "vitest";
import { HttpSessions } from "../../src/http/http-sessions.ts";
import type { HttpOptions, LoadOptions } from "../../src/http/options.ts";
import { migrate, statelessSession } from "../../src/legacy/index.ts";
import type { JsonObject } from "../../src/session/json.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { memoryStore } from "../../src/store/memory.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const UNKNOWN_CLIENT = { address: null, browser: null, os: null, device: null, country: null, city: null };

const createRequest = (headers: Record<string, string>) => ({
  method: "GET",
  url: "/",
  address: "192.0.2.7",
  encrypted: true,
  header: (name: string) => headers[name],
});

function createManager() {
  return new SessionManager<JsonObject>({ store: memoryStore(), secrets: ["a secret for these tests"] });
}

/** Logs a new visitor in, and returns the field `client` of the stored session. */
async function logInAndReadClient(
  userAgent: string | undefined,
  options: HttpOptions = {},
  load: LoadOptions = {},
) {
  const http = new HttpSessions(createManager(), options);
  const handle = http.open(createRequest(userAgent === undefined ? {} : { "user-agent": userAgent }));
  const session = await handle.load(load);
  await session.authenticate("ada");
  return session.record?.client;
}

it("a new session stores the User-Agent header, but no address", async () => {
  expect(await logInAndReadClient(FIREFOX)).toEqual({ ...UNKNOWN_CLIENT, userAgent: FIREFOX });
});

it("a new session stores at most 512 characters of the User-Agent header, and null without the header", async () => {
  expect((await logInAndReadClient("x".repeat(5000)))?.userAgent).toHaveLength(512);
  expect(await logInAndReadClient(undefined)).toBeNull();
  expect(await logInAndReadClient("")).toBeNull();
});

it("the option `newSession` can replace the stored client, even with null", async () => {
  const client = { ...UNKNOWN_CLIENT, userAgent: null, browser: "Firefox 140" };
  expect(await logInAndReadClient(FIREFOX, { newSession: () => ({ client }) })).toEqual(client);
  expect(await logInAndReadClient(FIREFOX, { newSession: () => ({ client: null }) })).toBeNull();
  expect(await logInAndReadClient(FIREFOX, {}, { newSession: { client: null } })).toBeNull();
  expect(await logInAndReadClient(FIREFOX, { newSession: () => ({ tenant: "acme" }) })).toMatchObject({
    userAgent: FIREFOX,
  });
});

it("a migrated session stores the User-Agent header, unless the option `validate` returns a client", async () => {
  for (const client of [undefined, null]) {
    const manager = createManager();
    const migration = migrate({
      manager,
      readers: [{ kind: "older", cookies: ["old"], read: () => statelessSession("ada", "ada") }],
      validate: (subject) => ({ subject, ...(client === null && { client }) }),
    });
    await migration.migrate(createRequest({ "user-agent": FIREFOX, cookie: "old=ada" }));
    const { records } = await manager.list({ subject: "ada" }, { limit: 1 });
    expect(records[0]?.client).toEqual(client === null ? null : { ...UNKNOWN_CLIENT, userAgent: FIREFOX });
  }
});
