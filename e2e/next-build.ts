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

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const APPLICATION = join(ROOT, "e2e/next-app");
const LIBRARY = join(ROOT, "packages/coatcheck");
const BUILDS = join(ROOT, ".cache/next");
/** As many builds as `npm run test:next` makes, and two more. */
const KEPT_BUILDS = 8;
const NEXT = join(ROOT, "node_modules/next/dist/bin/next");

/** How an application is built. */
export interface Variant {
  readonly cacheComponents: boolean;
  readonly bundler: "turbopack" | "webpack";
  /** Whether the library is installed as npm installs it, instead of linked as a workspace. Default: false. */
  readonly installed?: boolean;
  /** Whether `next dev` compiles each page at its first request. Default: false. */
  readonly dev?: boolean;
}

/** A built application. */
export interface Built {
  readonly variant: Variant;
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Compiles the library and builds the application with `next build`. The result is kept in `.cache`, by the content of both, so
 * that only a change of either is built again. The database does not exist during the build.
 */
export function buildApplication(variant: Variant): Built {
  if (!variant.installed) return buildWith(variant, join(LIBRARY, "dist"));
  // The package checks write `dist` at the same time. Only a linked workspace needs it there.
  const compiled = join(ROOT, `.cache/next-library-${process.pid}`);
  try {
    return buildWith(variant, compiled);
  } finally {
    rmSync(compiled, { recursive: true, force: true });
  }
}

/** Compiles the library into `compiled`, and builds the application with it. */
function buildWith(variant: Variant, compiled: string): Built {
  execFileSync(
    process.execPath,
    [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json", "--outDir", compiled],
    { cwd: LIBRARY, stdio: "inherit" },
  );
  const environment = {
    ...process.env,
    NODE_OPTIONS: "",
    NODE_ENV: "production",
    NEXT_TELEMETRY_DISABLED: "1",
    FIXTURE_CACHE_COMPONENTS: variant.cacheComponents ? "1" : "0",
  } as const;
  const hash = contentHash(variant, compiled);
  const folder = join(BUILDS, hash);
  if (existsSync(folder)) {
    utimesSync(folder, new Date(), new Date());
    return { variant, folder, environment };
  }
  removeOldBuilds();
  // A build that is interrupted must not look like a finished one.
  const draft = `${folder}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  // Without cacheComponents, Next.js refuses to build a file with "use cache".
  const left = variant.cacheComponents ? /next-app\/\.next/ : /next-app\/(\.next|app\/\(site\)\/cached)/;
  cpSync(APPLICATION, draft, { recursive: true, filter: (path) => !left.test(path) });
  if (!variant.cacheComponents) removeInstant(draft);
  if (variant.installed) installLibrary(draft, compiled);
  if (!variant.dev) {
    execFileSync(process.execPath, [NEXT, "build", `--${variant.bundler}`], {
      cwd: draft,
      env: environment,
      stdio: ["ignore", "ignore", "inherit"],
    });
    // Only a further build of the same folder would use it, and it is most of the size.
    rmSync(join(draft, ".next/cache"), { recursive: true, force: true });
  }
  renameSync(draft, folder);
  return { variant, folder, environment };
}

/** Removes all but the builds that were used last. */
function removeOldBuilds(): void {
  if (!existsSync(BUILDS)) return;
  const folders = readdirSync(BUILDS).map((name) => join(BUILDS, name));
  const byUse = folders.sort((left, right) => statSync(right).mtimeMs - statSync(left).mtimeMs);
  for (const folder of byUse.slice(KEPT_BUILDS)) rmSync(folder, { recursive: true, force: true });
}

/**
 * Copies the library into the application, as npm would. Next.js treats a linked workspace as a part of the
 * application.
 */
function installLibrary(folder: string, compiled: string): void {
  const target = join(folder, "node_modules/coatcheck");
  cpSync(compiled, join(target, "dist"), { recursive: true });
  cpSync(join(LIBRARY, "package.json"), join(target, "package.json"));
}

/** Without `cacheComponents`, Next.js refuses to build a file with `instant` too. */
function removeInstant(folder: string): void {
  for (const file of globSync("app/(bare)/**/*.tsx", { cwd: folder }).map((name) => join(folder, name))) {
    writeFileSync(file, readFileSync(file, "utf8").replace("export const instant = false;\n", ""));
  }
}

function contentHash(variant: Variant, compiled: string): string {
  const hash = createHash("sha256").update(JSON.stringify(variant));
  const library = globSync("**/*.js", { cwd: compiled }).sort();
  for (const file of library) hash.update(file).update(readFileSync(join(compiled, file)));
  const application = globSync("**/*.{ts,tsx,mjs,json}", { cwd: APPLICATION }).map((file) =>
    join(APPLICATION, file),
  );
  for (const file of [...application, join(ROOT, "node_modules/next/package.json")].sort()) {
    hash.update(file.slice(ROOT.length)).update(readFileSync(file));
  }
  return hash.digest("hex").slice(0, 16);
}

/** A running application. */
export interface RunningApplication {
  readonly origin: string;
  /** The output of the server. */
  readonly output: () => string;
  /** Ends the server as an operator does. Returns its exit code. */
  stop(): Promise<number | null>;
}

/** Starts a built application with `next start`, or its sources with `next dev`, on a free port. */
export async function startApplication(
  { variant, folder, environment }: Built,
  database: string,
): Promise<RunningApplication> {
  const port = await freePort();
  const command = variant.dev ? ["dev", `--${variant.bundler}`] : ["start"];
  const server = spawn(process.execPath, [NEXT, ...command, "-p", String(port), "-H", "127.0.0.1"], {
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
  exit.then(() => ready.reject(new Error(`next ${command[0]} has ended:\n${output}`)));
  await ready.promise;
  return { origin: `http://localhost:${port}`, output: () => output, stop: () => end(server, exit) };
}

async function end(server: ChildProcess, exit: Promise<number | null>): Promise<number | null> {
  if (server.exitCode === null) server.kill("SIGTERM");
  return await exit;
}

/** A port of 127.0.0.1 on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
