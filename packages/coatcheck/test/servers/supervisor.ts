import { spawn } from "node:child_process";
import { openSync, readFileSync, rmSync } from "node:fs";

/** The command that starts a server under a supervisor. */
export interface SupervisedCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** The server's folder, which is also its working directory. The folder is deleted when the server has ended. */
  readonly folder: string;
  /** File for the server's output. If the server ends unexpectedly, the last part of the file is printed. */
  readonly log: string;
  /** The signal that ends this server immediately and cleanly. */
  readonly endSignal: NodeJS.Signals;
  /** The account that the server runs under. Null means the current user. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
}

if (import.meta.main) {
  const command: SupervisedCommand = JSON.parse(process.argv[2] ?? "");
  const log = openSync(command.log, "a");
  const server = spawn(command.command, command.args, {
    cwd: command.folder,
    stdio: ["ignore", log, log],
    ...command.user,
  });
  server.once("spawn", () => console.log(server.pid));
  server.once("error", () => process.exit(1));
  let wanted = true;
  server.once("exit", () => {
    if (wanted) process.stderr.write(readFileSync(command.log, "utf8").slice(-4000));
    rmSync(command.folder, { recursive: true, force: true });
    process.exit(0);
  });
  const end = () => {
    wanted = false;
    server.kill("SIGCONT");
    server.kill(command.endSignal);
  };
  process.stdin.on("error", end).on("close", end).resume();
}
