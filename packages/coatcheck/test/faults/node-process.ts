import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Namespace } from "./network.ts";
import type { CommandArgument, CommandName, CommandResult, NodeSettings } from "./protocol.ts";

/** A command that has no response yet. */
interface PendingCommand {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** A node process in its own network namespace, and the socket that controls it. */
export class NodeProcess {
  readonly namespace: Namespace;
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #pending = new Map<number, PendingCommand>();
  #number = 0;

  private constructor(namespace: Namespace, child: ChildProcess, socket: Socket) {
    this.namespace = namespace;
    this.#child = child;
    this.#socket = socket;
    createInterface(socket).on("line", (line) => {
      const { number, result, error } = JSON.parse(line);
      const pending = this.#pending.get(number);
      this.#pending.delete(number);
      if (error === undefined) pending?.resolve(result);
      else pending?.reject(new Error(error));
    });
    socket.on("close", () => {
      for (const { reject } of this.#pending.values()) reject(new Error("The node has exited."));
    });
    socket.on("error", () => {});
  }

  /** Starts a node, and resolves when it accepts commands. */
  static async start(namespace: Namespace, settings: NodeSettings): Promise<NodeProcess> {
    const program = fileURLToPath(new URL("node.ts", import.meta.url));
    const command = [process.execPath, ...process.execArgv, program, JSON.stringify(settings)];
    const child = spawn("ip", ["netns", "exec", namespace.name, ...command], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const exited = once(child, "exit").then(() =>
      Promise.reject(new Error(`${namespace.name} did not start.`)),
    );
    await Promise.race([once(child.stdout, "data"), exited]);
    exited.catch(() => {});
    const socket = connect(settings.socket);
    await once(socket, "connect");
    return new NodeProcess(namespace, child, socket);
  }

  /** Sends a command and returns its result. Rejects if the command failed or the node has exited. */
  async send<Name extends CommandName>(
    name: Name,
    argument: CommandArgument<Name>,
  ): Promise<CommandResult<Name>>;
  async send(name: string, argument: unknown): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const number = this.#number++;
    this.#pending.set(number, { resolve, reject });
    this.#socket.write(`${JSON.stringify({ number, name, argument })}\n`);
    return await promise;
  }

  /** Sends a signal to the process. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Kills the process and waits for its exit. */
  async stop(): Promise<void> {
    this.#socket.destroy();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}
