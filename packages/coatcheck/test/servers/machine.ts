import { execFile } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { Errand } from "./supervisor.ts";

export const run = promisify(execFile);

export const isRoot: boolean = process.getuid?.() === 0;

/** A server that cannot be had on this machine; the message says what would help. */
export class ServerMissing extends Error {
  override readonly name = "ServerMissing";
}

/** The first of these programs that is there; names without a slash are looked for on the PATH. */
export function findProgram(...candidates: readonly string[]): string | null {
  const folders = (process.env.PATH ?? "").split(delimiter);
  for (const candidate of candidates) {
    const paths = candidate.includes("/")
      ? globSync(candidate)
      : folders.map((each) => join(each, candidate));
    const found = paths.sort(newestFirst).find((path) => existsSync(path));
    if (found) return found;
  }
  return null;
}

/** The program, installed from Debian's packages where that is possible. */
export async function requireProgram(
  name: string,
  candidates: readonly string[],
  debianPackage: string,
): Promise<string> {
  const found = findProgram(...candidates);
  if (found) return found;
  if (isRoot && findProgram("apt-get")) await installDebianPackage(debianPackage);
  const installed = findProgram(...candidates);
  if (installed) return installed;
  throw new ServerMissing(
    `${name} is not on this machine. Install it (Debian: apt-get install ${debianPackage}), or run ` +
      "`docker compose up --detach --wait` and set REDIS_URL=redis://127.0.0.1:6380 " +
      "DATABASE_URL=postgres://coatcheck:coatcheck@127.0.0.1:5433/coatcheck.",
  );
}

/** Debian asks this program whether a freshly installed service may start. */
const DEBIAN_POLICY = "/usr/sbin/policy-rc.d";

/** Debian starts a server the moment its package is there; we forbid that meanwhile, since the tests start their own. */
async function installDebianPackage(debianPackage: string): Promise<void> {
  const forbid = writeFile(DEBIAN_POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755, flag: "wx" });
  const forbidden = await forbid.then(
    () => true,
    () => false,
  );
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  try {
    console.log(`Installing ${debianPackage} for the tests: apt-get update …`);
    await run("apt-get", ["update", "-qq"], { env });
    console.log(`Installing ${debianPackage} for the tests: apt-get install …`);
    await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", debianPackage], { env });
  } catch (error) {
    console.log(`Installing ${debianPackage} failed: ${error instanceof Error ? error.message : error}`);
  } finally {
    if (forbidden) await rm(DEBIAN_POLICY);
  }
}

/** The account that a server runs under: PostgreSQL refuses to run as root. Null: as ourselves. */
export async function unprivileged(...names: readonly string[]): Promise<Errand["user"]> {
  if (!isRoot) return null;
  for (const name of names) {
    try {
      const [uid, gid] = await Promise.all(
        ["-u", "-g"].map(async (flag) => Number((await run("id", [flag, name])).stdout)),
      );
      if (uid !== undefined && gid !== undefined) return { uid, gid };
    } catch {
      // There is no such account here; the next one may be there.
    }
  }
  throw new ServerMissing(`A server must not run as root, and there is no account ${names.join(" or ")}.`);
}

/** A folder of the server's own, which its supervisor deletes. */
export async function throwAwayFolder(name: string, user: Errand["user"]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `coatcheck-${name}-`));
  if (user) await chown(folder, user.uid, user.gid);
  return folder;
}

/** A port of the loopback interface that was free a moment ago; whoever loses the race for it asks again. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("A TCP server has a port.");
  return address.port;
}

function newestFirst(left: string, right: string): number {
  return right.localeCompare(left, undefined, { numeric: true });
}
