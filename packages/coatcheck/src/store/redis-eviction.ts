import { CoatcheckError } from "../session/errors.ts";
import { textOf } from "./redis-reply.ts";
import { RedisScript } from "./redis-script.ts";
import type { RedisTransport } from "./redis-transport.ts";

// Asked from within a script, because a cluster must answer for the node that has the keys. A user who may not ask
// (an ACL, a managed service) is taken to know what he does.
const MEMORY = new RedisScript(/* lua */ `
local info = redis.pcall('INFO', 'memory')
return type(info) == 'string' and info or ''
`);

/**
 * Refuses a server that may throw away any key when its memory is full: it would log people out at random and lose
 * revocations. `volatile-…` policies are fine, because none of our keys has a time to live.
 *
 * @throws `STORE_UNAVAILABLE`
 */
export async function refuseEviction(transport: RedisTransport, prefix: string): Promise<void> {
  const info = textOf(await MEMORY.run(transport, prefix, []));
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
  const policy = field("maxmemory_policy");
  if (policy?.startsWith("allkeys") && field("maxmemory") !== "0") {
    throw new CoatcheckError(
      "STORE_UNAVAILABLE",
      `Redis may evict sessions (maxmemory-policy is ${policy}); set noeviction or a volatile policy.`,
    );
  }
}
