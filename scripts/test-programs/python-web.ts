import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The packages that tests need: the web frameworks of the applications behind the gateway, and a generator of API
 * clients.
 */
const PYTHON_PACKAGES = [
  "django==5.2.19",
  "flask==3.1.3",
  "flask-wtf==1.3.0",
  "openapi-python-client==0.29.1",
];

// The folder is outside node_modules, because `npm ci` deletes the content of node_modules.
const CACHE_FOLDER = fileURLToPath(new URL("../../.cache/test-programs/", import.meta.url));
const PACKAGES_HASH = createHash("sha256").update(PYTHON_PACKAGES.join("\n")).digest("hex").slice(0, 8);
const FOLDER = join(CACHE_FOLDER, `python-web-${PACKAGES_HASH}`);

/** A virtual environment in which Python has these packages. */
export const PYTHON_WEB = {
  command: `python3 -m venv, pip install ${PYTHON_PACKAGES.join(" ")}`,
  python: join(FOLDER, "bin", "python"),
} as const;

/**
 * Creates the virtual environment in the repository's `.cache`. The environment is renamed into place when it is
 * complete, so that concurrent runs never use incomplete packages.
 *
 * @throws Error when there is no Python with `venv`, or when pip cannot fetch the packages.
 */
export function installPythonWeb(): void {
  mkdirSync(CACHE_FOLDER, { recursive: true });
  const folder = mkdtempSync(join(CACHE_FOLDER, "installing-"));
  const python = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
  try {
    execFileSync(python, ["-m", "venv", folder], { stdio: "pipe" });
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...PYTHON_PACKAGES];
    execFileSync(join(folder, "bin", "python"), pip, { stdio: "pipe" });
    if (!existsSync(FOLDER)) renameSync(folder, FOLDER);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
