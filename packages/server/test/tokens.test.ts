import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ADMIN_TOKEN } from "./counting.ts";
import { Visitor } from "./visitor.ts";

const program = fileURLToPath(new URL("counting-service.ts", import.meta.url));
const service = fork(program, { execArgv: ["--conditions=coatcheck-source"] });
let url: string;

beforeAll(async () => {
  [{ url }] = await once(service, "message");
});

afterAll(async () => {
  service.kill();
  await once(service, "close");
});

async function reads(): Promise<number> {
  service.send("reads");
  const [answer] = await once(service, "message");
  return answer.reads;
}

const randomToken = () => randomBytes(38).toString("base64url").slice(0, 50);

test("10,000 random tokens leave no row and ask the store for nothing", async () => {
  const admin = new Visitor(url, ADMIN_TOKEN);
  const id = "550e8400-e29b-41d4-a716-446655440000";
  const ways = [
    async () => (await new Visitor(url, randomToken()).get(`/api/v1/sessions/${id}`)).body.error?.code,
    async () => (await new Visitor(url, randomToken()).delete(`/api/v1/sessions/${id}`)).body.error?.code,
    async () => {
      const browser = new Visitor(url);
      browser.cookie = randomToken();
      return (await browser.patch(`/api/v1/sessions/${id}/data`, {})).body.error?.code;
    },
    async () => {
      const { body } = await admin.post("/api/v1/sessions/introspect", { token: randomToken() });
      return body.data?.reason;
    },
  ];
  const answers = new Map<unknown, number>();
  for (let round = 0; round < 250; round++) {
    const codes = await Promise.all(Array.from({ length: 10 }, () => ways.map((way) => way())).flat());
    for (const code of codes) answers.set(code, (answers.get(code) ?? 0) + 1);
  }
  // A forged seal is chance's one in four thousand million.
  expect(answers).toEqual(
    new Map([
      ["SESSION_REQUIRED", 7500],
      ["forged", 2500],
    ]),
  );
  expect(await reads()).toBe(0);
  expect((await admin.get("/api/v1/sessions/stats")).body.data?.totalSessions).toBe(0);
});

test("a token that is genuine is looked up, so the count counts", async () => {
  const created = await new Visitor(url).post("/api/v1/sessions", { transport: "bearer" });
  const { token, sessionId } = created.body.data ?? {};
  const before = await reads();
  expect((await new Visitor(url, token).get(`/api/v1/sessions/${sessionId}`)).status).toBe(200);
  expect(await reads()).toBeGreaterThan(before);
});
