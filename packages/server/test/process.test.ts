import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { SessionManager } from "coatcheck";
import { sqliteStore } from "coatcheck/store/sqlite";
import { fakeClock } from "coatcheck/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeWithProgram } from "../../../scripts/test-programs/describe.ts";
import { ADMIN_TOKEN, API_KEYS, COMMAND_FILE, Command, RunningService, temporaryFolder } from "./fixtures.ts";
import { TestClient } from "./test-client.ts";

let folder: string;
let started: RunningService[];

beforeEach(() => {
  folder = temporaryFolder();
  started = [];
});

afterEach(async () => {
  await Promise.all(started.map((service) => service.end("SIGKILL")));
  rmSync(folder, { recursive: true });
});

async function start(variables: Record<string, string> = {}): Promise<RunningService> {
  const service = new RunningService(folder, variables);
  started.push(service);
  return await service.waitUntilStarted();
}

/** Runs a command and waits until it has ended. */
async function run(args: readonly string[], variables: Record<string, string> = {}) {
  const command = new Command(args, folder, variables);
  return { code: await command.exitCode(), output: command.output, errors: command.errors };
}

test("--help lists the commands and options, and --version prints the version", async () => {
  const help = await run(["--help"]);
  expect(help.code).toBe(0);
  expect(help.output).toContain("serve");
  const serve = await run(["serve", "--help"]);
  for (const option of ["--host", "--port", "--database", "DATABASE_URL"])
    expect(serve.output).toContain(option);
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  expect((await run(["--version"])).output.trim()).toBe(version);
  const unknown = await run(["dance"]);
  expect(unknown.code).toBe(1);
  expect(unknown.errors).toContain("dance");
});

test("`coatcheck sweep` deletes every session that ended before the retention period, and reports its progress", async () => {
  const help = await run(["sweep", "--help"]);
  for (const part of ["--retention", "--database", "SESSION_RETENTION_MS"])
    expect(help.output).toContain(part);

  const store = sqliteStore(join(folder, "sessions.db"));
  const long = Date.now() - 3 * 24 * 60 * 60 * 1000;
  const clock = fakeClock(long);
  const manager = new SessionManager({ store, clock, secrets: ["a secret for these tests"] });
  const creations = Array.from({ length: 3500 }, () => manager.create({ absoluteTimeout: 1000 }));
  await Promise.all(creations);
  const { record } = await manager.create({ idleTimeout: 30 * 24 * 60 * 60 * 1000 });
  const database = ["--database", `sqlite:${join(folder, "sessions.db")}`];
  const kept = await run(["sweep", ...database, "--retention", String(4 * 24 * 60 * 60 * 1000)]);
  expect([kept.code, kept.output]).toEqual([
    0,
    expect.stringContaining("Deleted 0 sessions that ended before"),
  ]);
  const swept = await run(["sweep", ...database]);
  expect([swept.code, swept.errors]).toEqual([0, ""]);
  expect(swept.output).toMatch(/^Deleted 3500 sessions that ended before \d{4}-.*Z\.$/m);
  expect((await manager.list({}, { limit: 10 })).records.map(({ id }) => id)).toEqual([record.id]);
  await manager.close();
});

test("`coatcheck sweep` creates no database, and rejects a retention that is too short for caches", async () => {
  const missing = await run(["sweep", "--database", "sqlite:missing.db"]);
  expect([missing.code, missing.errors]).toEqual([1, expect.stringContaining("no database at missing.db")]);
  expect(existsSync(join(folder, "missing.db"))).toBe(false);
  const short = await run(["sweep", "--retention", "1000"]);
  expect([short.code, short.errors]).toEqual([1, expect.stringContaining("SESSION_RETENTION_MS must")]);
});

test("`coatcheck serve` generates missing secrets next to the database, in files that only their owner can read", async () => {
  const service = await start({ ADMIN_TOKEN: "", DATABASE_URL: "sqlite:./data/coatcheck.db" });
  const browser = new TestClient(service.url);
  const path = await browser.create();
  for (const name of ["coatcheck.db", "coatcheck.db.admin-token", "coatcheck.db.session-secrets"]) {
    expect([name, statSync(join(folder, "data", name)).mode & 0o777]).toEqual([name, 0o600]);
  }
  const token = readFileSync(join(folder, "data/coatcheck.db.admin-token"), "utf8").trim();
  expect(service.command.output).not.toContain(token);
  expect((await new TestClient(service.url, token).get("/api/v1/sessions")).status).toBe(200);
  expect(await service.end()).toBe(0);

  const again = await start({ ADMIN_TOKEN: "", DATABASE_URL: "sqlite:./data/coatcheck.db" });
  const returning = new TestClient(again.url);
  returning.cookie = browser.cookie;
  expect((await returning.get(path)).status).toBe(200);
});

describeWithProgram("in a shell", "curl", () => {
  test("`coatcheck serve` prints commands that run in a shell without changes", async () => {
    const service = await start({ ADMIN_TOKEN: "" });
    const lines = service.command.output.match(/^ +curl .*$/gm) ?? [];
    const outputs = [];
    for (const line of lines) outputs.push(JSON.parse(await runShell(line.trim())));
    const [create, child, list, count] = outputs;
    expect(lines).toHaveLength(4);
    expect(count.data).toMatchObject({ totalSessions: 2, activeSessions: 2 });
    expect(create).toMatchObject({ success: true, data: { metadata: { customerName: "John Doe" } } });
    expect(list.data.sessions).toMatchObject([
      { sessionId: child.data.sessionId, parentId: create.data.sessionId, name: "lunch" },
      { sessionId: create.data.sessionId, parentId: null },
    ]);
  });
});

async function runShell(line: string): Promise<string> {
  const { stdout } = await promisify(execFile)("sh", ["-c", `${line} --silent`], { cwd: folder });
  return stdout;
}

test("`coatcheck serve` reports all invalid values at once and prints no secrets", async () => {
  const { code, errors, output } = await run(["serve", "--port", "eighty"], { ADMIN_TOKEN: "too-short" });
  expect(code).toBe(1);
  expect(errors).toBe(
    "coatcheck: PORT must be a whole number from 0 to 65535, such as 3000.\n" +
      "coatcheck: ADMIN_TOKEN must have at least 16 ASCII characters without spaces, but not exactly 50.\n",
  );
  expect(output).toBe("");
});

test("`coatcheck serve` reports a port that is in use", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  const address = taken.address();
  const port = typeof address === "object" ? address?.port : 0;
  const { code, errors } = await run(["serve", "--port", String(port)]);
  taken.close();
  expect(code).toBe(1);
  expect(errors).toBe(
    `coatcheck: Port ${port} on 127.0.0.1 is already in use; set another with PORT or --port.\n`,
  );
});

test("`coatcheck serve` ends with an error in a folder that has been deleted", async () => {
  const line = `rmdir "$PWD" && exec "${process.execPath}" "${COMMAND_FILE}" serve`;
  mkdirSync(join(folder, "deleted"));
  const options = { cwd: join(folder, "deleted"), env: {}, timeout: 30_000, killSignal: "SIGKILL" } as const;
  const error = await promisify(execFile)("sh", ["-c", line], options).catch((error: unknown) => error);
  expect(error).toMatchObject({ code: 1, stderr: expect.stringContaining("uv_cwd") });
});

test("the service finishes an active request after SIGTERM", async () => {
  const service = await start();
  const slack = new TestClient(service.url, API_KEYS.slack);
  const path = await slack.create();
  const { hostname, port } = new URL(service.url);
  const body = '{"late":true}';
  const socket = connect(Number(port), hostname).setEncoding("utf8");
  let response = "";
  socket.on("data", (chunk) => {
    response += chunk;
  });
  socket.write(
    `PATCH ${path}/data HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${API_KEYS.slack}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nexpect: 100-continue\r\n\r\n`,
  );
  // The service sends 100 Continue once it handles the request.
  while (!response.includes("100 Continue")) await new Promise((resolve) => socket.once("data", resolve));
  service.command.child.kill("SIGTERM");
  await expectRefusedConnections(service.url);
  socket.write(body);
  await new Promise((resolve) => socket.once("close", resolve));
  expect(response).toContain("HTTP/1.1 200 OK");
  expect(await service.command.exitCode()).toBe(0);

  const again = await start();
  const { body: stored } = await new TestClient(again.url, API_KEYS.slack).get(`${path}/data`);
  expect(stored.data).toEqual({ late: true });
});

test("after SIGTERM, the service does not wait for connections without a request", async () => {
  const service = await start();
  const { hostname, port } = new URL(service.url);
  const sockets = ["", "GET /ready HT"].map((sent) => {
    const socket = connect(Number(port), hostname).on("error", () => {});
    socket.write(sent);
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  // When this request has a response, the service has accepted the connections that were opened before it.
  await fetch(`${service.url}/ready`);
  expect(await service.end()).toBe(0);
});

test("the service that npm has started ends when npm and its shell end", async () => {
  const command = fileURLToPath(new URL("../bin/coatcheck.js", import.meta.url));
  const env = { npm_command: "exec", PORT: "0", ADMIN_TOKEN: ADMIN_TOKEN };
  // Like npx, the shell waits for the command and does not forward signals to it.
  const args = ["-c", '"$0" "$@"; exit', process.execPath, command, "serve"];
  const shell = spawn("sh", args, { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  shell.stdout.on("data", (chunk) => {
    output += chunk;
  });
  while (!/API +http/.test(output)) await once(shell.stdout, "data");
  const url = /API +(http:\S+)\/api/.exec(output)?.[1] ?? "";
  shell.kill("SIGTERM");
  await expect.poll(() => fetch(`${url}/ready`).catch(() => "refused"), { timeout: 10_000 }).toBe("refused");
});

/** Resolves when the URL refuses connections. */
async function expectRefusedConnections(url: string): Promise<void> {
  for (;;) {
    try {
      await fetch(`${url}/ready`);
    } catch {
      return;
    }
  }
}

test("no confirmed write is lost if the service is killed with SIGKILL", async () => {
  const service = await start();
  const slack = new TestClient(service.url, API_KEYS.slack);
  const paths = await Promise.all(Array.from({ length: 8 }, () => slack.create()));
  const acknowledged = new Map(paths.map((path) => [path, new Set<string>()]));
  let count = 0;
  const writers = paths.map(async (path) => {
    for (let field = 0; ; field++) {
      try {
        const { status } = await slack.patch(`${path}/data`, { [`f${field}`]: field });
        if (status !== 200) throw new Error(`Unexpected status ${status}.`);
        acknowledged.get(path)?.add(`f${field}`);
        if (++count === 400) service.command.child.kill("SIGKILL");
      } catch {
        return;
      }
    }
  });
  await Promise.all(writers);
  await service.command.exitCode();
  expect(count).toBeGreaterThanOrEqual(400);

  const again = new TestClient((await start()).url, API_KEYS.slack);
  for (const [path, fields] of acknowledged) {
    const { body } = await again.get(`${path}/data`);
    expect([...fields].filter((field) => !(field in (body.data ?? {})))).toEqual([]);
  }
});
