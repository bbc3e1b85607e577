import { describe, expect, test } from "vitest";
import { ADMIN_TOKEN, API_KEYS } from "./fixtures.ts";
import { useService } from "./local-service.ts";
import { ObservedService } from "./observed-service.ts";
import { TestClient } from "./test-client.ts";

const service = useService();

async function scrape(url: string, key: string | null) {
  const response = await fetch(
    `${url}/metrics`,
    key === null ? {} : { headers: { authorization: `Bearer ${key}` } },
  );
  return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
}

test("/metrics rejects all callers except the admin", async () => {
  expect((await scrape(service().url, null)).status).toBe(401);
  expect((await scrape(service().url, API_KEYS.slack)).status).toBe(403);
});

test("/metrics reports session counts and cache metrics", async () => {
  const created = await new TestClient(service().url, API_KEYS.slack).post("/api/v1/sessions", {
    transport: "bearer",
  });
  const holder = new TestClient(service().url, created.body.data?.token);
  for (let count = 0; count < 3; count++)
    await holder.get(`/api/v1/sessions/${created.body.data?.sessionId}`);

  const { status, type, text } = await scrape(service().url, ADMIN_TOKEN);
  expect(status).toBe(200);
  expect(type).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(text).toMatch(/^coatcheck_sessions_live 1$/m);
  expect(text).toMatch(/^coatcheck_cache_reads_total\{tier="local",outcome="hit"\} [1-9]/m);
  expect(text).toMatch(/^coatcheck_lease_valid 1$/m);
  expect(text).not.toContain(created.body.data?.token);
});

test("/metrics omits the session counts while the store is unavailable", async () => {
  const watched = await new ObservedService().waitUntilStarted();
  try {
    await watched.stopStore();
    const { status, text } = await scrape(watched.url, ADMIN_TOKEN);
    expect(status).toBe(200);
    expect(text).not.toContain("coatcheck_sessions_live");
    expect(text).toContain("coatcheck_lease_valid");
  } finally {
    await watched.end();
  }
});

describe("ENABLE_SESSION_METRICS=false", () => {
  const quiet = useService({ ENABLE_SESSION_METRICS: "false" });

  test("removes the route /metrics and its OpenAPI entry", async () => {
    expect((await scrape(quiet().url, ADMIN_TOKEN)).status).toBe(404);
    expect(await (await fetch(`${quiet().url}/openapi.json`)).text()).not.toContain("/metrics");
  });
});
