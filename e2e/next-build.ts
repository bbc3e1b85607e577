import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  globSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT_FOLDER = fileURLToPath(new URL("..", import.meta.url));
const APPLICATION_FOLDER = join(ROOT_FOLDER, "e2e/next-app");
const LIBRARY_FOLDER = join(ROOT_FOLDER, "packages/coatcheck");
const BUILDS_FOLDER = join(ROOT_FOLDER, ".cache/next");
/** The largest number of cached builds. `npm run test:next` uses six builds. */
const MAX_CACHED_BUILDS = 8;
const NEXT_PROGRAM = join(ROOT_FOLDER, "node_modules/next/dist/bin/next");

/** The way to build the test application. */
export interface BuildVariant {
  readonly cacheComponents: boolean;
  readonly bundler: "turbopack" | "webpack";
  /** Whether the library is installed as npm installs it, instead of linked as a workspace. Default: false. */
  readonly installed?: boolean;
  /** Whether to use `next dev`, which compiles each page at its first request. Default: false. */
  readonly dev?: boolean;
  /** Whether the code is minified, which takes a fifth of the build. Default: true. */
  readonly minified?: boolean;
}

/** A built application. */
export interface BuiltApplication {
  readonly variant: BuildVariant;
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Compiles the library and builds the application with `next build`. Caches builds in `.cache`, by a hash of the
 * library and the application. The database does not exist during the build.
 */
export function buildApplication(variant: BuildVariant): BuiltApplication {
  execFileSync(process.execPath, [join(ROOT_FOLDER, "scripts/build.ts"), "coatcheck"], { stdio: "inherit" });
  const environment = {
    ...process.env,
    NODE_OPTIONS: "",
    NODE_ENV: "production",
    NEXT_TELEMETRY_DISABLED: "1",
    FIXTURE_CACHE_COMPONENTS: variant.cacheComponents ? "1" : "0",
    FIXTURE_MINIFY: variant.minified === false ? "0" : "1",
  } as const;
  const hash = contentHash(variant);
  const folder = join(BUILDS_FOLDER, hash);
  if (existsSync(folder)) {
    utimesSync(folder, new Date(), new Date());
    return { variant, folder, environment };
  }
  removeOldBuilds();
  // Build into a temporary folder, so that an interrupted build does not look finished.
  const draft = `${folder}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  // Without `cacheComponents`, Next.js refuses to build a file with `"use cache"`.
  const excluded = variant.cacheComponents ? /next-app\/\.next/ : /next-app\/(\.next|app\/\(site\)\/cached)/;
  cpSync(APPLICATION_FOLDER, draft, { recursive: true, filter: (path) => !excluded.test(path) });
  if (!variant.cacheComponents) removeInstant(draft);
  if (variant.installed) installLibrary(draft);
  if (!variant.dev) {
    execFileSync(process.execPath, [NEXT_PROGRAM, "build", `--${variant.bundler}`], {
      cwd: draft,
      env: environment,
      stdio: ["ignore", "ignore", "inherit"],
    });
    // Delete the build cache. It is large, and only another build of this folder would use it.
    rmSync(join(draft, ".next/cache"), { recursive: true, force: true });
  }
  renameSync(draft, folder);
  return { variant, folder, environment };
}

/** Deletes the least recently used builds. */
function removeOldBuilds(): void {
  if (!existsSync(BUILDS_FOLDER)) return;
  const folders = readdirSync(BUILDS_FOLDER).map((name) => join(BUILDS_FOLDER, name));
  const byUse = folders.sort((left, right) => statSync(right).mtimeMs - statSync(left).mtimeMs);
  for (const folder of byUse.slice(MAX_CACHED_BUILDS)) rmSync(folder, { recursive: true, force: true });
}

/**
 * Copies the library into the application, as npm does. Next.js would treat a linked workspace as application code.
 */
function installLibrary(folder: string): void {
  const target = join(folder, "node_modules/coatcheck");
  cpSync(join(LIBRARY_FOLDER, "dist"), join(target, "dist"), { recursive: true });
  cpSync(join(LIBRARY_FOLDER, "package.json"), join(target, "package.json"));
}

/** Removes the export `instant` from all files: without `cacheComponents`, Next.js rejects this export. */
function removeInstant(folder: string): void {
  for (const file of globSync("app/(bare)/**/*.tsx", { cwd: folder }).map((name) => join(folder, name))) {
    writeFileSync(file, readFileSync(file, "utf8").replace("export const instant = false;\n", ""));
  }
}

function contentHash(variant: BuildVariant): string {
  const hash = createHash("sha256").update(JSON.stringify(variant));
  const library = globSync("dist/**/*.js", { cwd: LIBRARY_FOLDER }).sort();
  for (const file of library) hash.update(file).update(readFileSync(join(LIBRARY_FOLDER, file)));
  const application = globSync("**/*.{ts,tsx,mjs,json}", { cwd: APPLICATION_FOLDER }).map((file) =>
    join(APPLICATION_FOLDER, file),
  );
  for (const file of [...application, join(ROOT_FOLDER, "node_modules/next/package.json")].sort()) {
    hash.update(file.slice(ROOT_FOLDER.length)).update(readFileSync(file));
  }
  return hash.digest("hex").slice(0, 16);
}

/** A running application. */
export interface RunningApplication {
  readonly origin: string;
  /** The output of the server. */
  readonly output: () => string;
  /** Ends the server with SIGTERM. Returns its exit code. */
  stop(): Promise<number | null>;
}

/** Starts an application on a free port, with `next start` or `next dev`. */
export async function startApplication(
  { variant, folder, environment }: BuiltApplication,
  database: string,
): Promise<RunningApplication> {
  const port = await freePort();
  const command = variant.dev ? ["dev", `--${variant.bundler}`] : ["start"];
  const server = spawn(process.execPath, [NEXT_PROGRAM, ...command, "-p", String(port), "-H", "127.0.0.1"], {
    cwd: folder,
    env: {
      ...environment,
      NODE_ENV: variant.dev ? "development" : "production",
      FIXTURE_DATABASE: database,
      // The application's own handler closes the store and then ends the process.
      NEXT_MANUAL_SIG_HANDLE: "true",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const ready = Promise.withResolvers<void>();
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (output.includes("Ready in")) ready.resolve();
    });
  }
  const exit = once(server, "exit").then(([code]) => code as number | null);
  exit.then(() => ready.reject(new Error(`next ${command[0]} exited before it was ready:\n${output}`)));
  await ready.promise;
  return { origin: `http://localhost:${port}`, output: () => output, stop: () => stopServer(server, exit) };
}

async function stopServer(server: ChildProcess, exit: Promise<number | null>): Promise<number | null> {
  if (server.exitCode === null) server.kill("SIGTERM");
  return await exit;
}

/** Returns a free port of 127.0.0.1. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
