import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { startBackend } from "../backend/start.ts";
import { KINDS, temporaryFolder } from "./backend-visitor.ts";

function folder(): string {
  const { path, remove } = temporaryFolder();
  onTestFinished(remove);
  return path;
}

test.each(KINDS)("the %s backend is there when it is started, and gone when it is stopped", async (kind) => {
  const backend = await startBackend({ port: 0, dataDir: folder(), kind });
  expect(await (await fetch(`${backend.url}/health`)).json()).toEqual({ status: "ok", kind });
  await backend.stop();
  await expect(fetch(`${backend.url}/health`)).rejects.toThrow("fetch failed");
  await backend.stop();
});

test.each(KINDS)(
  "the %s backend ends with the process that started it, even when that is killed",
  async (kind) => {
    const start = fileURLToPath(new URL("../backend/start.ts", import.meta.url));
    const options = JSON.stringify({ port: 0, dataDir: folder(), kind });
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
  },
);

test("a port that is taken is said to be taken", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const start = startBackend({ port, dataDir: folder(), kind: "typescript" });
  await expect(start).rejects.toMatchObject({ code: "EADDRINUSE" });
  server.close();
});

test("takes PHP where there is one", async () => {
  const backend = await startBackend({ port: 0, dataDir: folder(), kind: "auto" });
  expect(backend.kind).toBe(KINDS[0]);
  await backend.stop();
});
