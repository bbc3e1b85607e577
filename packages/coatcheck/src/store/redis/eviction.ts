import type { Clock } from "../../session/clock.ts";
import { CoatcheckError } from "../../session/errors.ts";
import { type NoticeListener, OutageReporter } from "../notice.ts";
import { requireString } from "./reply.ts";
import { RedisScript } from "./script.ts";
import type { RedisTransport } from "./transport.ts";

// Runs as a script, because in a cluster the node that has the keys must reply. If the Redis user is not allowed to
// call INFO (an ACL, a managed service), the check passes.
const READ_MEMORY_INFO = new RedisScript(/* lua */ `
local info = redis.pcall('INFO', 'memory')
return type(info) == 'string' and info or ''
`);

/** Milliseconds between two checks. The policy can be changed while the server runs. */
const CHECK_INTERVAL = 1000;

/** Checks the server's eviction policy before the first call, then once a second while there are calls. */
export class EvictionCheck {
  readonly #transport: RedisTransport;
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #outages: OutageReporter;
  #checkedAt = 0;
  #result: Promise<void> | undefined;

  constructor(transport: RedisTransport, prefix: string, clock: Clock, onNotice?: NoticeListener) {
    this.#transport = transport;
    this.#prefix = prefix;
    this.#clock = clock;
    this.#outages = new OutageReporter("The session store in Redis", onNotice);
  }

  /**
   * Resolves if the policy was safe at the last check. After a failed check, the next call checks again.
   *
   * @throws CoatcheckError `STORE_UNAVAILABLE`
   */
  requireSafePolicy(): Promise<void> {
    const now = this.#clock.now();
    if (this.#result && Math.abs(now - this.#checkedAt) < CHECK_INTERVAL) return this.#result;
    this.#checkedAt = now;
    const result = this.#check().catch((error: unknown) => {
      if (this.#result === result) this.#result = undefined;
      throw error;
    });
    this.#result = result;
    return result;
  }

  async #check(): Promise<void> {
    const policy = await findUnsafePolicy(this.#transport, this.#prefix);
    if (policy === null) return this.#outages.recordSuccess();
    const message = `Redis may evict sessions (maxmemory-policy is ${policy}); set it to noeviction or a volatile policy.`;
    this.#outages.recordFailure(message, undefined);
    throw new CoatcheckError("STORE_UNAVAILABLE", message);
  }
}

/**
 * Returns the server's eviction policy if it may evict any key when the memory is full; null for a safe policy.
 * Evictions would log users out at random and lose revocations. `volatile-…` policies are safe, because no key of the
 * store has a time to live.
 */
async function findUnsafePolicy(transport: RedisTransport, prefix: string): Promise<string | null> {
  const info = requireString(await READ_MEMORY_INFO.run(transport, prefix, []));
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
  const policy = field("maxmemory_policy");
  return policy?.startsWith("allkeys") && field("maxmemory") !== "0" ? policy : null;
}
