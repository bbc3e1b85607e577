import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ADMIN_TOKEN, API_KEYS, temporaryFolder } from "./fixtures.ts";
import { LocalService } from "./local-service.ts";
import { TestClient } from "./test-client.ts";

const OLD = "the-data-secret-of-last-year";
const NEW = "the-data-secret-of-this-year";
const NOTE = "a private note about the customer";

let folder: string;
let running: LocalService | null;

beforeEach(() => {
  folder = temporaryFolder();
  running = null;
});

afterEach(async () => {
  await running?.end();
  rmSync(folder, { recursive: true });
});

/** Stops the service and starts it with other variables on the same database. */
async function restart(variables: Record<string, string>) {
  await running?.end();
  running = null;
  running = await LocalService.start(folder, variables);
  return {
    shop: new TestClient(running.url, API_KEYS.shop),
    admin: new TestClient(running.url, ADMIN_TOKEN),
  };
}

/** Whether a file in the folder contains the unencrypted note. */
function containsPlaintextNote(): boolean {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .some(({ parentPath, name }) => readFileSync(join(parentPath, name)).includes(NOTE));
}

async function createSession({ shop }: Awaited<ReturnType<typeof restart>>): Promise<string> {
  const { body } = await shop.post("/api/v1/sessions", { metadata: { note: NOTE } });
  return `/api/v1/sessions/${body.data?.sessionId}`;
}

async function noteOf({ shop }: Awaited<ReturnType<typeof restart>>, path: string): Promise<unknown> {
  return ((await shop.get(path)).body.data?.metadata as { note?: string } | undefined)?.note;
}

test("SESSION_DATA_SECRETS encrypts sessions, and the `reencrypt` job lets operators replace a secret without downtime", async () => {
  const before = await restart({ SESSION_DATA_SECRETS: OLD });
  const path = await createSession(before);
  expect(containsPlaintextNote()).toBe(false);
  const both = await restart({ SESSION_DATA_SECRETS: `${NEW},${OLD}` });
  expect(await noteOf(both, path)).toBe(NOTE);
  const run = await both.admin.post("/api/v1/jobs/reencrypt/run", {});
  expect(run.body.data).toMatchObject({ result: { reencrypted: 1 }, error: null });
  const after = await restart({ SESSION_DATA_SECRETS: NEW });
  expect(await noteOf(after, path)).toBe(NOTE);
  expect(containsPlaintextNote()).toBe(false);
});

test("SESSION_DATA_PLAINTEXT=accept allows reading unencrypted sessions until the `reencrypt` job has encrypted them", async () => {
  const path = await createSession(await restart({}));
  expect(containsPlaintextNote()).toBe(true);
  const refusing = await restart({ SESSION_DATA_SECRETS: NEW });
  expect((await refusing.shop.get(path)).status).toBe(404);
  const accepting = await restart({ SESSION_DATA_SECRETS: NEW, SESSION_DATA_PLAINTEXT: "accept" });
  expect(await noteOf(accepting, path)).toBe(NOTE);
  const run = await accepting.admin.post("/api/v1/jobs/reencrypt/run", {});
  expect(run.body.data).toMatchObject({ result: { reencrypted: 1 }, error: null });
  expect(await noteOf(await restart({ SESSION_DATA_SECRETS: NEW }), path)).toBe(NOTE);
});
