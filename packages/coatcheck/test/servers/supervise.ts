import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Errand } from "./supervisor.ts";

/** A server that is running, and that ends with us. */
export interface Supervised {
  readonly pid: number;
  /** Sends the server a signal: `SIGSTOP` makes it hang, `SIGCONT` lets it go on, `SIGKILL` is a crash. */
  signal(signal: NodeJS.Signals): void;
  /** Settles when the server has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** Ends the server; settles when its process is gone and its folder deleted. */
  stop(): Promise<void>;
}

/**
 * Starts a server under a supervisor of its own, a process that ends the server when we tell it to, and also when we
 * die without a word: it notices that its standard input has closed. Both live in a session of their own, so that
 * Ctrl-C reaches the tests first and the servers last.
 */
export async function supervise(errand: Errand): Promise<Supervised> {
  const supervisor = spawn(
    process.execPath,
    [fileURLToPath(new URL("supervisor.ts", import.meta.url)), JSON.stringify(errand)],
    { stdio: ["pipe", "pipe", "inherit"], detached: true },
  );
  const ended = once(supervisor, "exit").then(() => {});
  const [line] = await Promise.race([
    once(createInterface(supervisor.stdout), "line"),
    ended.then(() => Promise.reject(new Error(`${errand.command} could not be started.`))),
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

/** The pipes are sockets underneath, which the types do not know; a running server must not keep the tests running. */
function unref(handle: object): void {
  if ("unref" in handle && typeof handle.unref === "function") handle.unref();
}
