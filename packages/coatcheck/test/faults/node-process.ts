import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Namespace } from "./network.ts";
import type { Answer, Argument, NodeSettings, QuestionName } from "./protocol.ts";

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** A node as a process in a namespace of its own, and our line to it. */
export class NodeProcess {
  readonly namespace: Namespace;
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #number = 0;

  private constructor(namespace: Namespace, child: ChildProcess, socket: Socket) {
    this.namespace = namespace;
    this.#child = child;
    this.#socket = socket;
    createInterface(socket).on("line", (line) => {
      const { number, answer, error } = JSON.parse(line);
      const waiting = this.#waiting.get(number);
      this.#waiting.delete(number);
      if (error === undefined) waiting?.resolve(answer);
      else waiting?.reject(new Error(error));
    });
    socket.on("close", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("The node has ended."));
    });
    socket.on("error", () => {});
  }

  static async start(namespace: Namespace, settings: NodeSettings): Promise<NodeProcess> {
    const program = fileURLToPath(new URL("node.ts", import.meta.url));
    const command = [process.execPath, ...process.execArgv, program, JSON.stringify(settings)];
    const child = spawn("ip", ["netns", "exec", namespace.name, ...command], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const ended = once(child, "exit").then(() =>
      Promise.reject(new Error(`${namespace.name} did not start.`)),
    );
    await Promise.race([once(child.stdout, "data"), ended]);
    ended.catch(() => {});
    const socket = connect(settings.socket);
    await once(socket, "connect");
    return new NodeProcess(namespace, child, socket);
  }

  /** Rejects when the node could not do it, or has ended. */
  async ask<Name extends QuestionName>(name: Name, argument: Argument<Name>): Promise<Answer<Name>>;
  async ask(name: string, argument: unknown): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const number = this.#number++;
    this.#waiting.set(number, { resolve, reject });
    this.#socket.write(`${JSON.stringify({ number, name, argument })}\n`);
    return await promise;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(): Promise<void> {
    this.#socket.destroy();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}
