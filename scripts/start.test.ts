import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";

const START_SCRIPT = fileURLToPath(new URL("start.ts", import.meta.url));
let taken: Server;

afterEach(() => {
  taken.close();
});

async function start(port: number, ...args: string[]) {
  const child = execFile(process.execPath, [START_SCRIPT, ...args], { env: { PORT: String(port) } });
  let output = "";
  let errors = "";
  child.stdout?.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    errors += chunk;
  });
  const [code] = await once(child, "close");
  return { code, output, errors };
}

test.each([
  [0, "the service"],
  [1, "the taco shop"],
  [2, "the taco shop's backend"],
  [3, "the back office"],
  [4, "the storefront"],
])("npm start reports that port PORT + %d is in use, and starts no process", async (distance, use) => {
  taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const address = taken.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const { code, output, errors } = await start(port - distance);
  expect([code, output]).toEqual([1, ""]);
  expect(errors).toContain(`npm start: Port ${port}, for ${use}, is already in use.\n`);
  expect(errors).toMatch(/for example PORT=3100\.\n$/);
  const byOption = await start(1, "--port", String(port - distance));
  expect([byOption.code, byOption.output]).toEqual([1, ""]);
});
