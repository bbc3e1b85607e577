import { createHash } from "node:crypto";
import { refusedWith } from "./redis-errors.ts";
import type { RedisTransport } from "./redis-transport.ts";

/**
 * A Lua script: one atomic step on the server. It is sent by its hash, and whole only to a server that does not
 * know it yet (new, restarted, or a promoted replica).
 *
 * `KEYS[1]` is the prefix of all keys rather than a key: it carries their hash tag, so that a cluster routes the
 * script to the one node that has them all.
 */
export class RedisScript {
  readonly #source: string;
  readonly #hash: string;

  constructor(...parts: readonly string[]) {
    this.#source = parts.join("\n");
    this.#hash = createHash("sha1").update(this.#source).digest("hex");
  }

  /** @throws `STORE_UNAVAILABLE` */
  async run(transport: RedisTransport, prefix: string, args: readonly string[]): Promise<unknown> {
    try {
      return await transport.exec(["EVALSHA", this.#hash, "1", prefix, ...args]);
    } catch (error) {
      if (!refusedWith(error, "NOSCRIPT")) throw error;
      return await transport.exec(["EVAL", this.#source, "1", prefix, ...args]);
    }
  }
}
