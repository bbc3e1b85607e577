import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder `examples/back-office`. */
export const FOLDER = fileURLToPath(new URL("..", import.meta.url));
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const NEXT_PROGRAM = join(ROOT, "node_modules/next/dist/bin/next");

/** The file with a hash of the source files that the last build used. */
const HASH_FILE = join(FOLDER, ".next/content-hash");
const SOURCE_PATHS = [
  "packages/coatcheck/src/**/*.ts",
  "examples/back-office/{app,components,lib}/**/*.{ts,tsx,css}",
  "examples/back-office/*.{ts,mjs,json}",
  "node_modules/next/package.json",
];

/** Returns the source files of the build, relative to the repository, in alphabetical order. */
export function findSourceFiles(): string[] {
  // The build writes next-env.d.ts. With this file in the hash, the next process would build again, and the pages of a
  // running process would lose their scripts.
  const options = { cwd: ROOT, exclude: ["**/next-env.d.ts"] };
  return SOURCE_PATHS.flatMap((pattern) => globSync(pattern, options)).sort();
}

function contentHash(): string {
  const hash = createHash("sha256");
  for (const file of findSourceFiles()) {
    hash.update(file).update(readFileSync(join(ROOT, file)));
  }
  return hash.digest("hex");
}

/** Returns whether the last build used the current sources. */
export function isBuilt(): boolean {
  return existsSync(HASH_FILE) && readFileSync(HASH_FILE, "utf8") === contentHash();
}

/**
 * Compiles the library and builds the application. Does nothing if the last build used the current sources.
 *
 * @throws Error with the output of the failed program.
 */
export async function build(): Promise<void> {
  if (isBuilt()) return;
  const hash = contentHash();
  await run(ROOT, join(ROOT, "scripts/build.ts"), "coatcheck");
  await run(FOLDER, NEXT_PROGRAM, "build");
  writeFileSync(HASH_FILE, hash);
}

async function run(folder: string, ...args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    // Clear `NODE_OPTIONS`, because it may contain the condition `coatcheck-source`, and the build needs the compiled
    // library.
    env: { ...process.env, NODE_OPTIONS: "", NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const stop = () => child.kill();
  process.once("exit", stop);
  const [code] = await once(child, "close");
  process.off("exit", stop);
  if (code !== 0) throw new Error(`The build of the back office failed:\n${output}`);
}
