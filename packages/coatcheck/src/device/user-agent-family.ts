import { LRUCache } from "lru-cache";
import { parseUserAgent } from "./user-agent.ts";

const cache = new LRUCache<string, string>({ max: 1000 });

/** The longest header that is cached, in characters. Browsers send about 120. */
const MAX_CACHED_LENGTH = 512;
/** The longest name of a program, in characters. */
const MAX_NAME_LENGTH = 40;

/**
 * Returns the family of a `User-Agent` header: browser without its version, and operating system, such as `Firefox on
 * Linux`. It stays the same when the browser is updated. For a program or an app, returns its name without the version,
 * such as `okhttp`.
 */
export function userAgentFamily(header: string | null | undefined): string {
  if (!header) return "unknown";
  let family = cache.get(header);
  if (family === undefined) {
    family = familyOf(header);
    // Do not cache a long header, because it may be an attack that tries to fill the memory.
    if (header.length <= MAX_CACHED_LENGTH) cache.set(header, family);
  }
  return family;
}

function familyOf(header: string): string {
  const { kind, browser, os } = parseUserAgent(header);
  if (kind !== "tool") return `${browser?.replace(/ \d+$/, "") ?? "unknown"} on ${os ?? "unknown"}`;
  const name = /^[^\s/(]+/.exec(header.trim())?.[0];
  return name?.slice(0, MAX_NAME_LENGTH) ?? "unknown";
}
