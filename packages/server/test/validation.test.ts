import { expect, test } from "vitest";
import { ADMIN_TOKEN } from "./fixtures.ts";
import { useService } from "./local-service.ts";
import { TestClient } from "./test-client.ts";

const service = useService({ VISITS_MODE: "full" });

const messageOf = (response: Awaited<ReturnType<TestClient["get"]>>) => [
  response.status,
  response.body.error?.code,
  response.body.error?.message,
];

const create = (body: unknown) => new TestClient(service().url).post("/api/v1/sessions", body);
const getAsAdmin = (path: string) => new TestClient(service().url, ADMIN_TOKEN).get(path);

test.each([
  [{ name: 7 }, "name must be a string"],
  [{ name: null }, "name must be a string, not null"],
  [{ name: ["a"] }, "name must be a string, not an array"],
  [{ name: { first: "a" } }, "name must be a string, not an object"],
  [{ name: true }, "name must be a string, not true or false"],
  [{ name: "" }, "name must not be empty"],
  [{ name: "x".repeat(500) }, "name must have at most 128 characters"],
  [{ rememberMe: "yes" }, "rememberMe must be true or false, not a string"],
  [{ transport: "pigeon" }, "transport must be bearer"],
  [{ tranport: "bearer" }, "tranport is not a known member"],
])("the error for POST /api/v1/sessions with the body %j is: %s", async (body, sentence) => {
  expect(messageOf(await create(body))).toEqual([400, "VALIDATION_FAILED", `Invalid request: ${sentence}.`]);
});

test.each([
  ["/api/v1/sessions?limit=0", "limit must be at least 1"],
  ["/api/v1/sessions?limit=5000", "limit must be at most 1000"],
  ["/api/v1/sessions?limit=1.5", "limit must be a whole number"],
  ["/api/v1/sessions?limit=many", "limit must be a number"],
  ["/api/v1/analytics/breakdown?from=2026-03-01&to=2026-03-02", "dimension is required"],
])("the error for GET %s is: %s", async (path, sentence) => {
  expect(messageOf(await getAsAdmin(path))).toEqual([
    400,
    "VALIDATION_FAILED",
    `Invalid request: ${sentence}.`,
  ]);
});

test("a response names each fault and does not repeat values of the request", async () => {
  const response = await create({ name: 7, transport: "secret-token", other: 1 });
  expect(response.body.error?.faults).toEqual([
    { path: "name", message: "must be a string" },
    { path: "transport", message: "must be bearer" },
    { path: "other", message: "is not a known member" },
  ]);
  expect(JSON.stringify(response.body)).not.toContain("secret-token");
});
