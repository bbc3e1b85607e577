import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { SupervisedCommand } from "./supervisor.ts";

/** A running server that ends with this process. */
export interface SupervisedProcess {
  readonly pid: number;
  /** Sends the server a signal: `SIGSTOP` makes it hang, `SIGCONT` resumes it, `SIGKILL` simulates a crash. */
  signal(signal: NodeJS.Signals): void;
  /** Resolves when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends the server. Resolves when its process has ended and its folder has been deleted. */
  stop(): Promise<void>;
}

/**
 * Starts a server under a supervisor process. The supervisor ends the server when `stop()` is called. It also ends the
 * server when this process dies, which closes the supervisor's standard input. Supervisor and server run in a process
 * group of their own, so Ctrl-C sends its signal only to the tests.
 */
export async function supervise(command: SupervisedCommand): Promise<SupervisedProcess> {
  const supervisor = spawn(
    process.execPath,
    [fileURLToPath(new URL("supervisor.ts", import.meta.url)), JSON.stringify(command)],
    { stdio: ["pipe", "pipe", "inherit"], detached: true },
  );
  const ended = once(supervisor, "exit").then(() => {});
  const [line] = await Promise.race([
    once(createInterface(supervisor.stdout), "line"),
    ended.then(() => Promise.reject(new Error(`${command.command} could not be started.`))),
  ]);
  const pid = Number(line);
  for (const handle of [supervisor, supervisor.stdin, supervisor.stdout]) unref(handle);
  return {
    pid,
    ended,
    signal: (signal) => process.kill(pid, signal),
    async stop() {
      supervisor.ref();
      supervisor.stdin.end();
      await ended;
    },
  };
}

/**
 * Calls `unref()`, so that a running server does not keep the process of the tests alive. The types of pipes lack this
 * method.
 */
function unref(handle: object): void {
  if ("unref" in handle && typeof handle.unref === "function") handle.unref();
}
