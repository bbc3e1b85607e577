/**
 * `npm start`: runs the service, the taco shop with its backend, the storefront and the back office in separate
 * processes on one database. The back office is built when it is first opened. When one process or npm ends, or on
 * Ctrl-C, all processes are stopped.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

// A signal to npm ends npm and its shell, but does not reach this process. If the parent process id has changed, npm
// has ended.
const parentProcessId = process.ppid;
const root = fileURLToPath(new URL("..", import.meta.url));
const examples = `${root}examples/`;

const textOption = { type: "string" } as const;
const { values } = parseArgs({
  options: { host: textOption, port: textOption, database: textOption },
  strict: false,
});
const host = String(values.host ?? (process.env.HOST || "127.0.0.1"));
const port = Number(values.port ?? (process.env.PORT || 3000));

/**
 * Whether the port is free. Returns false only for a port in use, because the service reports all other errors itself.
 */
async function isFree(candidate: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(candidate, host), "listening");
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "EADDRINUSE";
  } finally {
    server.close();
  }
}

/** The processes and their ports. Each port is given as its distance from the service's port. */
const PORT_USES = [
  [0, "the service"],
  [1, "the taco shop"],
  [2, "the taco shop's backend"],
  [3, "the back office"],
  [4, "the storefront"],
] as const;

/**
 * Exits with an error message if a port is in use. Skips port 0, which means any free port, and invalid ports, which
 * the service reports.
 */
async function requireFreePorts(): Promise<void> {
  if (!(port >= 1 && port <= 65_531)) return;
  const taken: string[] = [];
  for (const [distance, use] of PORT_USES) {
    if (!(await isFree(port + distance)))
      taken.push(`Port ${port + distance}, for ${use}, is already in use.`);
  }
  if (taken.length === 0) return;
  for (const line of taken) console.error(`npm start: ${line}`);
  console.error("npm start: Set PORT to a port whose next four ports are also free, for example PORT=3100.");
  process.exit(1);
}

await requireFreePorts();

console.log("Building the shop's page …");
execFileSync("npm", ["run", "build", "--silent", "-w", "taco-shop"], { cwd: root, stdio: "inherit" });

const isLocal = ["127.0.0.1", "0.0.0.0", "::", "::1"].includes(host);
const childEnvironment = {
  ...process.env,
  // Pass the command-line options as variables, because the shops read only the environment.
  HOST: host,
  DATABASE_URL: String(values.database ?? process.env.DATABASE_URL ?? ""),
  PORT: String(values.port ?? process.env.PORT ?? ""),
  // The shops' ports are unknown if PORT is 0 or invalid.
  ...(port > 0 && {
    SHOP_URL: process.env.SHOP_URL || urlAfter(1),
    STOREFRONT_URL: process.env.STOREFRONT_URL || urlAfter(4),
  }),
};

function urlAfter(distance: number): string {
  return `http://${isLocal ? "localhost" : host}:${port + distance}`;
}

function startNode(...args: string[]): ChildProcess {
  return spawn(process.execPath, args, { cwd: root, stdio: "inherit", env: childEnvironment });
}

const children = [
  startNode("packages/server/bin/coatcheck.js", "serve", ...process.argv.slice(2)),
  startNode("--conditions=coatcheck-source", `${examples}taco-shop/src/main.ts`),
  startNode("--conditions=coatcheck-source", `${examples}storefront/src/main.ts`),
  startNode("--conditions=coatcheck-source", `${examples}back-office/src/main.ts`),
];

let isStopping = false;

/**
 * Stops the child processes. Sends the signal only once, because a second signal would end them without a clean
 * shutdown.
 */
function stopChildren(): void {
  if (isStopping) return;
  isStopping = true;
  for (const child of children) child.kill("SIGTERM");
}

process.on("SIGINT", stopChildren);
process.on("SIGTERM", stopChildren);
setInterval(() => process.ppid !== parentProcessId && stopChildren(), 500).unref();
const exitCodes = children.map(async (child) => {
  const [code] = (await once(child, "exit")) as [number | null];
  // A null code means that a signal ended the child. This is a failure unless this process has sent the signal.
  const exitCode = code ?? (isStopping ? 0 : 1);
  stopChildren();
  return exitCode;
});
process.exitCode = Math.max(...(await Promise.all(exitCodes)));
