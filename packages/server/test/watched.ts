import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("watched-service.ts", import.meta.url));

/** A service whose store is watched, and broken at will. */
export class WatchedService {
  readonly #process: ChildProcess;
  url = "";

  constructor() {
    this.#process = fork(PROGRAM, { execArgv: ["--conditions=coatcheck-source"] });
  }

  async started(): Promise<this> {
    const [{ url }] = await once(this.#process, "message");
    this.url = url;
    return this;
  }

  /** How often the store has been asked for a session. */
  async reads(): Promise<number> {
    return await this.#tell("reads");
  }

  async breakStore(): Promise<void> {
    await this.#tell("break");
  }

  async mendStore(): Promise<void> {
    await this.#tell("mend");
  }

  async end(): Promise<void> {
    this.#process.kill();
    await once(this.#process, "close");
  }

  async #tell(message: string): Promise<number> {
    this.#process.send(message);
    const [{ reads }] = await once(this.#process, "message");
    return reads;
  }
}
