import { CoatcheckError } from "../../session/errors.ts";
import { textOf } from "./reply.ts";
import { RedisScript } from "./script.ts";
import type { RedisTransport } from "./transport.ts";

// Runs as a script, because in a cluster the node that has the keys must reply. If the user may not call INFO (an
// ACL, a managed service), the check passes.
const MEMORY = new RedisScript(/* lua */ `
local info = redis.pcall('INFO', 'memory')
return type(info) == 'string' and info or ''
`);

/**
 * Rejects a server that may evict any key when its memory is full: evictions would log users out at random and lose
 * revocations. `volatile-…` policies are safe, because no key of the store has a time to live.
 *
 * @throws CoatcheckError `STORE_UNAVAILABLE`
 */
export async function rejectEvictionPolicy(transport: RedisTransport, prefix: string): Promise<void> {
  const info = textOf(await MEMORY.run(transport, prefix, []));
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
  const policy = field("maxmemory_policy");
  if (policy?.startsWith("allkeys") && field("maxmemory") !== "0") {
    throw new CoatcheckError(
      "STORE_UNAVAILABLE",
      `Redis may evict sessions (maxmemory-policy is ${policy}); set it to noeviction or a volatile policy.`,
    );
  }
}
