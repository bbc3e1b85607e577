import { spawn } from "node:child_process";
import { openSync, readFileSync, rmSync } from "node:fs";

/** The command that a supervisor runs. */
export interface SupervisedCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** The server's folder and working directory. It is deleted when the server has ended. */
  readonly folder: string;
  /** File for the server's output. Its end is printed if the server ends unexpectedly. */
  readonly log: string;
  /** The signal that ends this server at once and cleanly. */
  readonly endSignal: NodeJS.Signals;
  /** The account that the server runs under. Null means the current user. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
}

if (import.meta.main) {
  const errand: SupervisedCommand = JSON.parse(process.argv[2] ?? "");
  const log = openSync(errand.log, "a");
  const server = spawn(errand.command, errand.args, {
    cwd: errand.folder,
    stdio: ["ignore", log, log],
    ...errand.user,
  });
  server.once("spawn", () => console.log(server.pid));
  server.once("error", () => process.exit(1));
  let wanted = true;
  server.once("exit", () => {
    if (wanted) process.stderr.write(readFileSync(errand.log, "utf8").slice(-4000));
    rmSync(errand.folder, { recursive: true, force: true });
    process.exit(0);
  });
  const end = () => {
    wanted = false;
    server.kill("SIGCONT");
    server.kill(errand.endSignal);
  };
  process.stdin.on("error", end).on("close", end).resume();
}
