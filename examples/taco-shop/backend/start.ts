import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The longest time until the backend responds for the first time, in milliseconds. */
const MAX_START_TIME = 15_000;
/** How long the backend may take to stop, in milliseconds. */
const MAX_STOP_TIME = 5000;
const POLL_INTERVAL = 20;
/**
 * Shell script that runs the backend, and ends it when file descriptor 3 closes, which happens when this process ends.
 */
const END_WITH_PARENT = '(read _ <&3; kill 0) & exec "$@"';

/** The two implementations of the backend. They behave the same. */
export type BackendKind = "php" | "typescript";

/** Options of {@link startBackend}. */
export interface BackendOptions {
  /** The port to listen on; 0 selects a free port. */
  readonly port: number;
  /** Folder for the backend's sessions, orders and stock. Created if missing. */
  readonly dataDir: string;
  /** `auto` selects PHP if `php` is on the path, otherwise TypeScript. */
  readonly kind: BackendKind | "auto";
}

/** A running backend, in a separate process. */
export interface Backend {
  readonly kind: BackendKind;
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Stops the backend and its workers. Resolves when they have ended. `SIGKILL` simulates a crash. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/** Returns whether `php` is on the path. */
export function hasPhp(): boolean {
  return spawnSync("php", ["-v"], { stdio: "ignore" }).status === 0;
}

/**
 * Starts the backend, logs which implementation it is, and resolves when it responds.
 *
 * @throws Error if the port is in use or the backend does not respond in time. The message then contains the end of its
 * log.
 */
export async function startBackend(options: BackendOptions): Promise<Backend> {
  const kind = options.kind === "auto" ? (hasPhp() ? "php" : "typescript") : options.kind;
  const port = await freePort(options.port);
  mkdirSync(options.dataDir, { recursive: true });
  const log = join(options.dataDir, "backend.log");
  const child = launchProcess(kind, port, options.dataDir, log);
  const url = `http://127.0.0.1:${port}`;
  const stop = (signal: NodeJS.Signals = "SIGTERM") => endBackend(child, port, signal);
  try {
    await waitUntilReady(child, url);
  } catch (error) {
    await stop();
    throw new Error(`The ${kind} backend did not start:\n${readFileSync(log, "utf8").slice(-2000)}`, {
      cause: error,
    });
  }
  console.log(`Taco shop backend (${kind === "php" ? "PHP" : "TypeScript stand-in"}) on ${url}`);
  return { kind, url, port, pid: child.pid ?? 0, stop };
}

function launchProcess(kind: BackendKind, port: number, dataDir: string, log: string): ChildProcess {
  const script = fileURLToPath(
    new URL(kind === "php" ? "php/index.php" : "typescript/server.ts", import.meta.url),
  );
  const [program, parameters] =
    kind === "php"
      ? ["php", ["-d", "display_errors=0", "-d", "expose_php=0", "-S", `127.0.0.1:${port}`, script]]
      : [process.execPath, [script]];
  const errors = openSync(log, "a");
  const child = spawn("sh", ["-c", END_WITH_PARENT, "sh", program, ...parameters], {
    env: { ...process.env, PORT: String(port), TACO_SHOP_DATA: dataDir, PHP_CLI_SERVER_WORKERS: "4" },
    stdio: ["ignore", "ignore", errors, "pipe"],
    // Create a process group, because a signal to the group also ends PHP's workers, which would outlive their parent.
    detached: true,
  });
  closeSync(errors);
  return child;
}

async function waitUntilReady(child: ChildProcess, url: string): Promise<void> {
  const deadline = AbortSignal.timeout(MAX_START_TIME);
  const failed = once(child, "error", { signal: deadline }).then(([error]) => Promise.reject(error));
  failed.catch(() => {});
  while (child.exitCode === null && child.signalCode === null) {
    deadline.throwIfAborted();
    const answer = await Promise.race([
      failed,
      fetch(`${url}/health`, { signal: deadline }).catch(() => null),
    ]);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
  }
  throw new Error(
    `The backend exited during its start, with exit code or signal ${child.exitCode ?? child.signalCode}.`,
  );
}

async function endBackend(child: ChildProcess, port: number, signal: NodeJS.Signals): Promise<void> {
  const gone = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  const ended = gone ? Promise.resolve() : once(child, "exit");
  signalGroup(child, signal);
  await ended;
  // This process is not notified when the workers end. A free port shows that they have ended.
  for (const started = Date.now(); Date.now() - started < MAX_STOP_TIME; ) {
    const free = await freePort(port).catch(() => null);
    if (free !== null) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
  }
  throw new Error(`The backend on port ${port} did not stop.`);
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The process group has already ended.
  }
}

/**
 * Returns the port, or a free port for 0.
 *
 * @throws Error if another process uses the port, because that process would receive the backend's requests.
 */
async function freePort(port: number): Promise<number> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string")
    throw new Error("The operating system assigned no port.");
  return address.port;
}
