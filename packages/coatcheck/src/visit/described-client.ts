import { parseUserAgent } from "../device/index.ts";
import { clientKind, MAX_USER_AGENT_LENGTH } from "./client-kind.ts";
import type { ClientKind, EventClient } from "./event.ts";

/**
 * Maximum number of remembered user agents. The whole map is cleared at the limit. It soon fills again, because most
 * requests come from few user agents.
 */
const MAX_USER_AGENTS = 1000;

/** The information in the header `User-Agent`. */
export interface DescribedClient {
  readonly kind: ClientKind;
  /** Without country and city. */
  readonly client: EventClient;
}

interface RecentDescription {
  userAgent: string | null;
  description: DescribedClient | null;
}

/** Number of slots of the cache. Must be a power of two. */
const SLOT_COUNT = 256;
/** Number of compared characters at the end of a user agent. Most user agents differ in the version at their end. */
const COMPARED_LENGTH = 40;

function slotOf(userAgent: string): number {
  let slot = userAgent.length;
  for (let at = Math.max(0, userAgent.length - COMPARED_LENGTH); at < userAgent.length; at++) {
    slot = (slot * 31 + userAgent.charCodeAt(at)) | 0;
  }
  return slot & (SLOT_COUNT - 1);
}

/** Describes clients by their user agent. Each user agent is parsed once and its description is shared. */
export class ClientDescriptions {
  readonly #descriptions = new Map<string, DescribedClient>();
  /**
   * A small cache in front of the map: the last user agent of each slot. Comparing one text is faster than hashing it
   * for the map.
   */
  readonly #recentDescriptions: RecentDescription[] = Array.from({ length: SLOT_COUNT }, () => ({
    userAgent: null,
    description: null,
  }));
  readonly #keepsUserAgent: boolean;

  constructor(keepsUserAgent: boolean) {
    this.#keepsUserAgent = keepsUserAgent;
  }

  describe(userAgent = ""): DescribedClient {
    const recent = this.#recentDescriptions[slotOf(userAgent)] as RecentDescription;
    if (recent.userAgent === userAgent && recent.description !== null) return recent.description;
    const description = this.#descriptions.get(userAgent) ?? this.#parse(userAgent);
    if (userAgent.length <= MAX_USER_AGENT_LENGTH) {
      recent.userAgent = userAgent;
      recent.description = description;
    }
    return description;
  }

  #parse(userAgent: string): DescribedClient {
    const { browser, os, device } = parseUserAgent(userAgent);
    const storedUserAgent = this.#keepsUserAgent ? userAgent.slice(0, MAX_USER_AGENT_LENGTH) || null : null;
    const client = Object.freeze({
      browser,
      os,
      device,
      country: null,
      city: null,
      userAgent: storedUserAgent,
    });
    const description = { kind: clientKind(userAgent), client };
    if (this.#descriptions.size >= MAX_USER_AGENTS) this.#descriptions.clear();
    // No browser sends a longer user agent, so longer ones are not cached.
    if (userAgent.length <= MAX_USER_AGENT_LENGTH) this.#descriptions.set(userAgent, description);
    return description;
  }
}
