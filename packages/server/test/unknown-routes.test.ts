import { afterAll, beforeAll, expect, test } from "vitest";
import { buildObservedApp, type ObservedApp } from "./observed-app.ts";

let observed: ObservedApp;
beforeAll(async () => {
  observed = await buildObservedApp();
});
afterAll(() => observed.close());

const ID = "00000000-0000-4000-8000-000000000000";

test.each([
  ["PUT", "/api/v1/sessions", "DELETE, GET, HEAD, POST"],
  ["POST", `/api/v1/sessions/${ID}`, "DELETE, GET, HEAD"],
  ["POST", `/api/v1/sessions/${ID}?a=/b`, "DELETE, GET, HEAD"],
  ["GET", `/api/v1/sessions/${ID}/rotate`, "POST"],
  ["OPTIONS", "/health", "GET, HEAD"],
  ["TRACE", "/health", "GET, HEAD"],
  ["PROPFIND", "/health", "GET, HEAD"],
  ["POST", "/openapi.json", "GET, HEAD"],
  ["DELETE", "/docs", "GET, HEAD"],
])("%s %s responds 405 with the allowed methods", async (method, url, allow) => {
  const { statusCode, headers, json } = await observed.app.inject({ method: method as "GET", url });
  expect([statusCode, headers.allow]).toEqual([405, allow]);
  expect(json().error).toMatchObject({ code: "VALIDATION_FAILED", faults: [{ path: "method" }] });
  expect(headers["set-cookie"]).toBeUndefined();
});

test.each([
  ["GET", "/nowhere"],
  ["PUT", "/api/v1/sessions/"],
  ["POST", `/api/v1/sessions/${ID}/data/more`],
  ["PUT", "/healthy"],
  ["PUT", "/openapi-json"],
])("%s %s responds 404", async (method, url) => {
  const { statusCode, headers, json } = await observed.app.inject({ method: method as "GET", url });
  expect([statusCode, headers.allow]).toEqual([404, undefined]);
  expect(json().error.faults).toEqual([{ path: "url", message: "does not match any route" }]);
});
