import { spawn } from "node:child_process";
import { once } from "node:events";
import { symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { describeWithProgram } from "../../../scripts/test-programs/describe.ts";
import { startBackend } from "../backend/start.ts";
import { createTemporaryFolder, describeEachBackend } from "./backend-fixtures.ts";

function createFolder(): string {
  const { path, remove } = createTemporaryFolder();
  onTestFinished(remove);
  return path;
}

describeEachBackend(
  (kind) => `the ${kind} backend`,
  (kind) => {
    test("a backend responds after startBackend(), and no longer responds after stop()", async () => {
      const backend = await startBackend({ port: 0, dataDir: createFolder(), kind });
      expect(await (await fetch(`${backend.url}/health`)).json()).toEqual({ status: "ok", kind });
      await backend.stop();
      await expect(fetch(`${backend.url}/health`)).rejects.toThrow("fetch failed");
      await backend.stop();
    });

    test("a backend ends when the process that started it is killed", async () => {
      const start = fileURLToPath(new URL("../backend/start.ts", import.meta.url));
      const options = JSON.stringify({ port: 0, dataDir: createFolder(), kind });
      const program = `
    const { startBackend } = await import(${JSON.stringify(start)});
    console.log((await startBackend(${options})).url);`;
      const parent = spawn(process.execPath, ["--input-type=module", "-e", program], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let url = "";
      for await (const line of createInterface(parent.stdout)) {
        if (!line.startsWith("http")) continue;
        url = line;
        break;
      }
      expect((await fetch(`${url}/health`)).status).toBe(200);
      parent.kill("SIGKILL");
      await vi.waitFor(() => expect(fetch(`${url}/health`)).rejects.toThrow("fetch failed"), 5000);
    });
  },
);

test("startBackend() rejects with EADDRINUSE when the port is in use", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const start = startBackend({ port, dataDir: createFolder(), kind: "typescript" });
  await expect(start).rejects.toMatchObject({ code: "EADDRINUSE" });
  server.close();
});

describeWithProgram("with PHP on the path", "php", () => {
  test("startBackend() with the kind `auto` starts the PHP backend", async () => {
    const backend = await startBackend({ port: 0, dataDir: createFolder(), kind: "auto" });
    expect(backend.kind).toBe("php");
    await backend.stop();
  });
});

test("startBackend() with the kind `auto` starts the TypeScript stand-in if PHP is not on the path", async () => {
  const path = createFolder();
  symlinkSync("/bin/sh", join(path, "sh"));
  vi.stubEnv("PATH", path);
  onTestFinished(() => void vi.unstubAllEnvs());
  const backend = await startBackend({ port: 0, dataDir: createFolder(), kind: "auto" });
  expect(backend.kind).toBe("typescript");
  await backend.stop();
});
