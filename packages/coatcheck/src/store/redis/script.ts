import { createHash } from "node:crypto";
import { isReplyError } from "./errors.ts";
import type { RedisTransport } from "./transport.ts";

/**
 * A Lua script, which Redis runs as one atomic step. The script is called by its hash. Its source is sent only to a
 * server that does not know the hash (a new, restarted or promoted one).
 *
 * `KEYS[1]` is not a key but the prefix of all keys. It contains their hash tag, so a cluster routes the script to
 * the node that has them.
 */
export class RedisScript {
  readonly #source: string;
  readonly #hash: string;

  constructor(...parts: readonly string[]) {
    this.#source = parts.join("\n");
    this.#hash = createHash("sha1").update(this.#source).digest("hex");
  }

  /**
   * Runs the script and returns its reply.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE`
   */
  async run(transport: RedisTransport, prefix: string, args: readonly string[]): Promise<unknown> {
    try {
      return await transport.exec(["EVALSHA", this.#hash, "1", prefix, ...args]);
    } catch (error) {
      if (!isReplyError(error, "NOSCRIPT")) throw error;
      return await transport.exec(["EVAL", this.#source, "1", prefix, ...args]);
    }
  }
}
