import { readFileSync } from "node:fs";
import newman, { type NewmanRunExecution, type NewmanRunOptions } from "newman";

import { describe, expect, test } from "vitest";
import { collectionOf } from "../../postman/collection.ts";
import type { Collection, Folder, RequestItem } from "../../postman/format.ts";
import { COLLECTION_FILE, collectionText } from "../../postman/generate.ts";
import { ADMIN_TOKEN, API_KEYS, useServiceProcess } from "../fixtures.ts";

const service = useServiceProcess();
const text = readFileSync(COLLECTION_FILE, "utf8");
const stored = JSON.parse(text) as Collection;

const [storefront, ...operations] = stored.item.map((entry) => requestsIn(entry));

/** The requests that need parameters from the user, with the response status if the parameters are missing. */
const REQUESTS_LACKING_PARAMETERS = [
  { name: "End a tenant's sessions, or all sessions (admin)", status: 400 },
];

test("the stored collection equals the generated collection", async () => {
  expect(await collectionText()).toBe(text);
});

test("the collection has every operation of the OpenAPI document", async () => {
  const { paths } = (await (await fetch(`${service().url}/openapi.json`)).json()) as {
    paths: Record<string, object>;
  };
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ":$1")}`),
  );
  const requests = operations.flat().map(({ request }) => `${request.method} ${pathOf(request)}`);
  expect(requests.sort()).toEqual(documented.sort());
});

test("collectionOf() throws if the body of an operation has no example", () => {
  const schema = { type: "object", properties: { name: { type: "string" } }, required: ["name"] };
  const post = { summary: "Post", requestBody: { content: { "application/json": { schema } } } };
  expect(() => collectionOf({ paths: { "/things": { post } } })).toThrow(
    "The schema of post /things body.name has no example",
  );
});

describe("newman on a running service", () => {
  test("runs the storefront's tests and every other request of the collection successfully", async () => {
    const executions = await run([...(storefront ?? []), ...operations.flat().toSorted(byOrderOfUse)]);
    const tested = executions.filter(({ assertions = [] }) => assertions.length > 0);
    expect([...new Set(tested.map(({ item }) => item.name))]).toEqual(storefront?.map(({ name }) => name));
    const refused = executions.filter(
      ({ assertions, response }) => assertions === undefined && response.code >= 300,
    );
    expect(refused.map(({ item, response }) => ({ name: item.name, status: response.code }))).toEqual(
      REQUESTS_LACKING_PARAMETERS,
    );
  }, 60_000);
});

/** Sends the requests one after another. Rejects if one of their tests or scripts fails. */
function run(item: readonly RequestItem[]): Promise<readonly NewmanRunExecution[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly NewmanRunExecution[]>();
  const envVar = Object.entries({
    baseUrl: service().url,
    apiKey: API_KEYS.shop,
    adminToken: ADMIN_TOKEN,
  }).map(([key, value]) => ({ key, value }));
  newman.run(
    { collection: mutableCopy({ ...stored, item }), envVar },
    (error, { run: { failures, executions } }) => {
      const [failure] = failures;
      if (error) reject(error);
      else if (failure) reject(new Error(`${failure.source?.name}: ${failure.error.message}`));
      else resolve(executions);
    },
  );
  return promise;
}

/**
 * Sorts the timeline first, because other requests need the visit id in its response. Sorts reads before writes,
 * because reads need the storefront's session, which a write may end.
 */
function byOrderOfUse(left: RequestItem, right: RequestItem): number {
  return rank(left) - rank(right);
}

function rank({ request }: RequestItem): number {
  if (pathOf(request).endsWith("sessions/:sessionId/timeline")) return -1;
  return ["GET", "POST", "PATCH", "DELETE"].indexOf(request.method);
}

function pathOf({ url }: RequestItem["request"]): string {
  return `/${url.path.join("/")}`;
}

function requestsIn(entry: Folder | RequestItem): readonly RequestItem[] {
  return "request" in entry ? [entry] : entry.item.flatMap(requestsIn);
}

/** Copies the collection, because newman modifies its input and requires mutable types. */
function mutableCopy(collection: Collection): NewmanRunOptions["collection"] {
  return JSON.parse(JSON.stringify(collection));
}
