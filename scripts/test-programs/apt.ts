import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";

/** Debian runs this program to find out whether a newly installed service may start. */
const SERVICE_POLICY = "/usr/sbin/policy-rc.d";
const SERVICE_POLICY_TEXT = "#!/bin/sh\n# Coatcheck's tests start their own servers.\nexit 101\n";

/** Maximum seconds to wait for the lock of apt, of dpkg or of another test run. */
const LOCK_TIMEOUT = 900;

const APT_OPTIONS = ["-o", `DPkg::Lock::Timeout=${LOCK_TIMEOUT}`, "-o", "Acquire::Retries=3", "-qq"];
const INSTALL_OPTIONS = ["install", "-y", "--no-install-recommends"];

/** The files and functions that the installation uses. Default: those of this machine. Tests replace them. */
export interface AptSettings {
  readonly environment: NodeJS.ProcessEnv;
  /** The lock file that is locked while packages are installed, so that concurrent test runs wait for each other. */
  readonly lockFile: string;
  readonly servicePolicy: string;
  log(line: string): void;
}

export const MACHINE_APT: AptSettings = {
  environment: process.env,
  lockFile: "/run/coatcheck-test-programs.lock",
  servicePolicy: SERVICE_POLICY,
  log: console.log,
};

/**
 * Installs Debian packages in one `apt-get` call.
 *
 * If this call fails, installs each package separately, so that one unavailable package does not prevent the others.
 * Logs failures with apt's messages. The caller must check which programs are still missing.
 *
 * @param packages - returns the missing packages. Called while the lock is held, because another run may have installed
 * packages before.
 */
export function installDebianPackages(packages: () => readonly string[], settings: AptSettings): void {
  const lock = openSync(settings.lockFile, "a");
  try {
    // The lock belongs to the open file. It lasts after this call, until the file is closed or this process ends.
    execFileSync("flock", ["--timeout", String(LOCK_TIMEOUT), "3"], {
      stdio: ["ignore", "inherit", "inherit", lock],
    });
    const wanted = packages();
    if (wanted.length > 0) withoutServiceStart(settings, () => installTogether(wanted, settings));
  } finally {
    closeSync(lock);
  }
}

function installTogether(packages: readonly string[], settings: AptSettings): void {
  runAptGet(["update"], settings);
  if (runAptGet([...INSTALL_OPTIONS, ...packages], settings) || packages.length === 1) return;
  for (const each of packages) runAptGet([...INSTALL_OPTIONS, each], settings);
}

/** Runs `apt-get` and logs its duration. Returns whether it succeeded. */
function runAptGet(args: readonly string[], { environment, log }: AptSettings): boolean {
  const command = `apt-get ${args.filter((arg) => !arg.startsWith("-")).join(" ")}`;
  log(`$ ${command} …`);
  const startedAt = performance.now();
  const result = spawnSync("apt-get", [...APT_OPTIONS, ...args], {
    env: { ...environment, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const succeeded = result.status === 0;
  log(succeeded ? `  done in ${seconds} s` : `  failed after ${seconds} s: ${reasonOf(result)}`);
  return succeeded;
}

function reasonOf({
  error,
  stderr,
  status,
}: {
  error?: Error;
  stderr: string;
  status: number | null;
}): string {
  if (error) return error.message;
  const errors = stderr.split("\n").filter((line) => line.startsWith("E: "));
  return errors.length > 0 ? errors.join(" ") : `exit code ${status}`;
}

/** Runs `action`. Until it ends, Debian does not start newly installed services. */
function withoutServiceStart({ servicePolicy }: AptSettings, action: () => void): void {
  const mayWritePolicy =
    !existsSync(servicePolicy) || readFileSync(servicePolicy, "utf8") === SERVICE_POLICY_TEXT;
  if (mayWritePolicy) writeFileSync(servicePolicy, SERVICE_POLICY_TEXT, { mode: 0o755 });
  try {
    action();
  } finally {
    if (mayWritePolicy) rmSync(servicePolicy, { force: true });
  }
}
