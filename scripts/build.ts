/**
 * `npm run build`: compiles the published packages into their folders `dist`. Skips a package whose folder `dist` was
 * built from the current sources. `npm run build -- coatcheck` compiles only the library.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./documents.ts";

/** The packages in the order of the build: the service imports the library's types from the library's `dist`. */
const PACKAGE_FOLDERS = ["coatcheck", "server"];

const CACHE_FOLDER = join(root, ".cache/build");
const COMPILER = join(root, "node_modules/typescript/bin/tsc");

/** Returns a hash of every file that affects the compiled package. */
function sourceHash(folder: string): string {
  const files = [
    ...globSync("packages/{coatcheck,server}/src/**/*.{ts,tsx,json}", { cwd: root }),
    ...globSync("packages/{coatcheck,server}/tsconfig*.json", { cwd: root }),
    "tsconfig.base.json",
    "node_modules/typescript/package.json",
  ];
  const hash = createHash("sha256").update(folder);
  for (const file of files.sort()) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function buildPackage(folder: string): void {
  const workspace = join(root, "packages", folder);
  const compiled = join(workspace, "dist");
  const hashFile = join(CACHE_FOLDER, folder);
  const hash = sourceHash(folder);
  const isCurrent = () =>
    existsSync(compiled) && existsSync(hashFile) && readFileSync(hashFile, "utf8") === hash;
  if (isCurrent()) return;
  // Compile into another folder, so that a program that reads `dist` never finds half a file.
  const draft = join(CACHE_FOLDER, `${folder}.${process.pid}`);
  const former = `${draft}.former`;
  mkdirSync(CACHE_FOLDER, { recursive: true });
  try {
    const args = [COMPILER, "-p", "tsconfig.build.json", "--outDir", draft];
    execFileSync(process.execPath, args, { cwd: workspace, stdio: "inherit" });
    // Another process may have built the package in the meantime.
    if (isCurrent()) return;
    if (existsSync(compiled)) renameSync(compiled, former);
    renameSync(draft, compiled);
    writeFileSync(hashFile, hash);
  } finally {
    rmSync(draft, { recursive: true, force: true });
    rmSync(former, { recursive: true, force: true });
  }
}

const requested = process.argv.slice(2);
for (const folder of requested.length > 0 ? requested : PACKAGE_FOLDERS) {
  if (!PACKAGE_FOLDERS.includes(folder)) {
    console.error(`Unknown package "${folder}". The packages are ${PACKAGE_FOLDERS.join(" and ")}.`);
    process.exitCode = 1;
    break;
  }
  buildPackage(folder);
}
