/**
 * The program of a separate process, which gives up root's rights, opens the SQLite file in its argument and prints the
 * result. With the argument `rounds`, it prints "ready". Then it reads lines, opens the file that each line names, and
 * prints the result.
 */
import { createInterface } from "node:readline";
import { CoatcheckError } from "../../../src/session/errors.ts";
import { sqliteStore } from "../../../src/store/sqlite/store.ts";

/** The number of the Unix user and the Unix group that have no rights (`nobody`). */
const UNPRIVILEGED_ID = 65_534;

const [, , path = "", rounds] = process.argv;

async function open(file: string): Promise<string> {
  try {
    await sqliteStore(file).close();
    return "opened";
  } catch (error) {
    return error instanceof CoatcheckError ? `${error.code}: ${error.message}` : String(error);
  }
}

if (rounds === undefined) {
  // Change the user only after the code is loaded, because the new user may not be allowed to read the repository.
  if (process.getuid?.() === 0) {
    process.setgid?.(UNPRIVILEGED_ID);
    process.setuid?.(UNPRIVILEGED_ID);
  }
  process.stdout.write(await open(path));
} else {
  process.stdout.write("ready\n");
  for await (const round of createInterface(process.stdin)) {
    process.stdout.write(`${await open(`${path}-${round}`)}\n`);
  }
}
