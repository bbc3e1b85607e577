/**
 * `npm start`: the service, and the taco shop with the backend that it fronts, on one database. Each is a process of its
 * own; when one ends, or npm, or on Ctrl-C, all end.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const shop = `${root}examples/taco-shop/`;

console.log("Building the shop's page …");
execFileSync("npm", ["run", "build", "--silent", "-w", "taco-shop"], { cwd: root, stdio: "inherit" });

function run(...args: string[]): ChildProcess {
  return spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
}

const children = [
  run("packages/server/bin/coatcheck.js", "serve", ...process.argv.slice(2)),
  run("--conditions=coatcheck-source", `${shop}src/main.ts`),
];

let isStopping = false;

function stop(): void {
  isStopping = true;
  for (const child of children) child.kill("SIGTERM");
}

process.on("SIGINT", stop);
process.on("SIGTERM", stop);
// A signal to npm ends npm and its shell, and goes no further: whoever has lost its parent is to end as well.
const parent = process.ppid;
setInterval(() => process.ppid !== parent && stop(), 500).unref();
const ends = children.map(async (child) => {
  const [code] = (await once(child, "exit")) as [number | null];
  // Without a code it was killed: by us, or by somebody else.
  const result = code ?? (isStopping ? 0 : 1);
  stop();
  return result;
});
process.exitCode = Math.max(...(await Promise.all(ends)));
