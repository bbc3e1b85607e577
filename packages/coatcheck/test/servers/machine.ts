import { execFile } from "node:child_process";
import { chown, mkdtemp } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findProgram, installHint, type TestProgram } from "../../../../scripts/test-programs/programs.ts";
import type { SupervisedCommand } from "./supervisor.ts";

export const runCommand = promisify(execFile);

export const isRoot: boolean = process.getuid?.() === 0;

/** The error if this machine lacks a program that a server needs. The message says what to install. */
export class ServerMissing extends Error {
  override readonly name = "ServerMissing";
}

/**
 * Returns the path of a program.
 *
 * @throws ServerMissing if this machine does not have the program. The message says how to install it.
 */
export function requireProgram(program: TestProgram): string {
  const found = findProgram(program);
  if (found) return found;
  throw new ServerMissing(
    `${program.title} is missing on this machine. To install it: ${installHint(program)}. Or run ` +
      "`docker compose up --detach --wait` and set REDIS_URL=redis://127.0.0.1:6380 " +
      "DATABASE_URL=postgres://coatcheck:coatcheck@127.0.0.1:5433/coatcheck.",
  );
}

/**
 * Returns the first account of `names` that exists, or null if the server should run as the current user. PostgreSQL
 * refuses to run as root.
 */
export async function findUnprivilegedUser(...names: readonly string[]): Promise<SupervisedCommand["user"]> {
  if (!isRoot) return null;
  for (const name of names) {
    try {
      const [uid, gid] = await Promise.all(
        ["-u", "-g"].map(async (flag) => Number((await runCommand("id", [flag, name])).stdout)),
      );
      if (uid !== undefined && gid !== undefined) return { uid, gid };
    } catch {
      // This account does not exist. Try the next name.
    }
  }
  throw new ServerMissing(`A server must not run as root, and there is no account ${names.join(" or ")}.`);
}

/** Creates a folder for one server. The server's supervisor deletes the folder. */
export async function createTemporaryFolder(name: string, user: SupervisedCommand["user"]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `coatcheck-${name}-`));
  if (user) await chown(folder, user.uid, user.gid);
  return folder;
}

/**
 * Returns a free loopback port. If another process takes the port before the caller uses it, the caller must call this
 * function again.
 */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("The server has no TCP port.");
  return address.port;
}
