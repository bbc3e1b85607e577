import { expect, test } from "vitest";
import { ADMIN_TOKEN } from "./fixtures.ts";
import { useService } from "./local-service.ts";
import { TestClient } from "./test-client.ts";

const service = useService();

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("existing clients can create, read, list, count and end sessions, and get 404 for an unknown id", async () => {
  const { url } = service();
  const browser = new TestClient(url);
  const admin = new TestClient(url, ADMIN_TOKEN);
  const metadata = { customerName: "John Doe", orderType: "delivery" };

  const created = await browser.post("/api/v1/sessions", { metadata });
  expect(created.status).toBe(201);
  expect(created.body).toEqual({
    success: true,
    data: {
      sessionId: expect.stringMatching(UUID),
      createdAt: expect.stringMatching(ISO),
      metadata,
    },
  });
  const { sessionId, createdAt } = created.body.data ?? {};
  const path = `/api/v1/sessions/${sessionId}`;

  const read = await browser.get(path);
  expect(read.status).toBe(200);
  expect(read.body.data).toMatchObject({
    sessionId,
    createdAt,
    metadata,
    lastActivityAt: expect.stringMatching(ISO),
  });

  const listed = await admin.get("/api/v1/sessions");
  expect(listed.body.data).toMatchObject({ sessions: [{ sessionId }], next: null });

  const stats = await admin.get("/api/v1/sessions/stats");
  expect(stats.body).toEqual({
    success: true,
    data: {
      totalSessions: 1,
      activeSessions: 1,
      oldestSession: createdAt,
      newestSession: createdAt,
      countedAt: expect.stringMatching(ISO),
    },
  });

  const health = await new TestClient(url).get("/health");
  expect(health.body).toEqual({
    success: true,
    data: {
      status: "healthy",
      uptime: expect.any(Number),
      sessions: { totalSessions: 1, activeSessions: 1, countedAt: expect.stringMatching(ISO) },
    },
  });

  expect((await browser.delete(path)).body).toEqual({ success: true, data: { ended: 1 } });
  expect(browser.cookie).toBeNull();
  for (const visitor of [new TestClient(url), new TestClient(url, ADMIN_TOKEN)]) {
    const unknown = "550e8400-e29b-41d4-a716-446655440000";
    const missing = await visitor.get(`/api/v1/sessions/${unknown}`);
    expect(missing.status).toBe(404);
    expect(missing.body).toEqual({
      success: false,
      error: { code: "SESSION_NOT_FOUND", message: `Session not found: ${unknown}` },
    });
  }
});
