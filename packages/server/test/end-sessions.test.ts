import type { CreateOptions } from "coatcheck";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ADMIN_TOKEN, API_KEYS } from "./fixtures.ts";
import { buildObservedApp, type ObservedApp } from "./observed-app.ts";

let observed: ObservedApp;

beforeEach(async () => {
  observed = await buildObservedApp();
});
afterEach(() => observed.close());

async function end(query: string, key: string | null = ADMIN_TOKEN) {
  const response = await observed.app.inject({
    method: "DELETE",
    url: `/api/v1/sessions${query}`,
    headers: key === null ? {} : { authorization: `Bearer ${key}` },
  });
  return [response.statusCode, response.json().error?.code ?? response.json().data];
}

/** Creates a session. Returns a function that reads its state: `active` or the reason of its end. */
async function create(options: CreateOptions) {
  const { record } = await observed.manager.create(options);
  const read = async () => {
    const { state, reason } = (await observed.manager.find(record.id)) ?? {};
    return state === "revoked" ? reason : state;
  };
  return { id: record.id, read };
}

test("the admin ends the sessions of one tenant and their child sessions", async () => {
  const first = await create({ subject: "ann", tenant: "acme" });
  const second = await create({ tenant: "acme" });
  const child = await create({ parentId: first.id, name: "lunch" });
  const other = await create({ subject: "ann", tenant: "Acme" });
  expect(await end("?tenant=acme")).toEqual([200, { ended: 3 }]);
  for (const { read } of [first, second, child]) expect(await read()).toBe("admin");
  expect(await other.read()).toBe("active");
  expect(await end("?tenant=nobody")).toEqual([200, { ended: 0 }]);
});

test("the admin ends all sessions", async () => {
  const sessions = [await create({ tenant: "acme" }), await create({}), await create({ subject: "ann" })];
  expect(await end("?everyone=true")).toEqual([200, { ended: 3 }]);
  for (const { read } of sessions) expect(await read()).toBe("admin");
  expect(await (await create({})).read()).toBe("active");
});

test.each([
  "",
  "?",
  "?tenant=",
  "?everyone",
  "?everyone=false",
  "?everyone=1",
  "?tenant=acme&everyone=true",
  "?tenants=acme",
])("a request with the invalid query %j ends no session", async (query) => {
  const { read } = await create({ tenant: "acme" });
  expect(await end(query)).toEqual([400, "VALIDATION_FAILED"]);
  expect(await read()).toBe("active");
});

test.each([
  [API_KEYS.slack, 403, "FORBIDDEN"],
  [null, 401, "SESSION_REQUIRED"],
])(
  "a caller with the key %s cannot end the sessions of a tenant or all sessions",
  async (key, status, code) => {
    const { read } = await create({ tenant: "acme" });
    for (const query of ["?tenant=acme", "?everyone=true"])
      expect(await end(query, key)).toEqual([status, code]);
    expect(await read()).toBe("active");
  },
);
