import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const SERVICE_PROGRAM = fileURLToPath(new URL("observed-service-process.ts", import.meta.url));

/** A service in a child process. Its store counts reads and can be made to fail. */
export class ObservedService {
  readonly #process: ChildProcess;
  url = "";

  constructor() {
    this.#process = fork(SERVICE_PROGRAM, { execArgv: ["--conditions=coatcheck-source"] });
  }

  async waitUntilStarted(): Promise<this> {
    const [{ url }] = await once(this.#process, "message");
    this.url = url;
    return this;
  }

  /** Returns how often the service has read a session from the store. */
  async countReads(): Promise<number> {
    return await this.#send("reads");
  }

  async stopStore(): Promise<void> {
    await this.#send("stop");
  }

  async restoreStore(): Promise<void> {
    await this.#send("restore");
  }

  async end(): Promise<void> {
    this.#process.kill();
    await once(this.#process, "close");
  }

  async #send(message: string): Promise<number> {
    this.#process.send(message);
    const [{ reads }] = await once(this.#process, "message");
    return reads;
  }
}
