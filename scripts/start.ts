/**
 * `npm start`: runs the service, and the taco shop with its backend, on one database. Service and shop are separate
 * processes. When one of them or npm ends, or on Ctrl-C, all are stopped.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const shop = `${root}examples/taco-shop/`;

console.log("Building the shop's page …");
execFileSync("npm", ["run", "build", "--silent", "-w", "taco-shop"], { cwd: root, stdio: "inherit" });

function startNode(...args: string[]): ChildProcess {
  return spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
}

const children = [
  startNode("packages/server/bin/coatcheck.js", "serve", ...process.argv.slice(2)),
  startNode("--conditions=coatcheck-source", `${shop}src/main.ts`),
];

let isStopping = false;

function stop(): void {
  isStopping = true;
  for (const child of children) child.kill("SIGTERM");
}

process.on("SIGINT", stop);
process.on("SIGTERM", stop);
// A signal to npm ends npm and its shell, but does not reach this process. A new parent process id shows that npm ended.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && stop(), 500).unref();
const exits = children.map(async (child) => {
  const [code] = (await once(child, "exit")) as [number | null];
  // A null code means that a signal ended the child. That is a failure unless this process is stopping it.
  const exitCode = code ?? (isStopping ? 0 : 1);
  stop();
  return exitCode;
});
process.exitCode = Math.max(...(await Promise.all(exits)));
