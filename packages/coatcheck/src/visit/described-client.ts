import { parseUserAgent } from "../device/index.ts";
import { clientKind, MAX_USER_AGENT_LENGTH } from "./client-kind.ts";
import type { ClientKind, EventClient } from "./event.ts";

/** The most user agents that are remembered. Above that, all are forgotten: most requests come from a few of them. */
const MAX_USER_AGENTS = 1000;

/** The contents of the header `User-Agent`. */
export interface DescribedClient {
  readonly kind: ClientKind;
  /** Without a place. */
  readonly client: EventClient;
}

interface Recent {
  userAgent: string | null;
  described: DescribedClient | null;
}

/** A power of two. */
const SLOTS = 256;
/** The end of a user agent has the version, in which most of them differ. */
const COMPARED_LENGTH = 40;

function slotOf(userAgent: string): number {
  let slot = userAgent.length;
  for (let at = Math.max(0, userAgent.length - COMPARED_LENGTH); at < userAgent.length; at++) {
    slot = (slot * 31 + userAgent.charCodeAt(at)) | 0;
  }
  return slot & (SLOTS - 1);
}

/** Describes clients by their user agent, once for each: page views of one browser share the description. */
export class ClientDescriptions {
  readonly #known = new Map<string, DescribedClient>();
  /** The last user agent of each slot. To compare one text is faster than to hash it for the map, which has every user agent. */
  readonly #recent: Recent[] = Array.from({ length: SLOTS }, () => ({ userAgent: null, described: null }));
  readonly #keepsUserAgent: boolean;

  constructor(keepsUserAgent: boolean) {
    this.#keepsUserAgent = keepsUserAgent;
  }

  of(userAgent = ""): DescribedClient {
    const recent = this.#recent[slotOf(userAgent)] as Recent;
    if (recent.userAgent === userAgent && recent.described !== null) return recent.described;
    const described = this.#known.get(userAgent) ?? this.#describe(userAgent);
    if (userAgent.length <= MAX_USER_AGENT_LENGTH) {
      recent.userAgent = userAgent;
      recent.described = described;
    }
    return described;
  }

  #describe(userAgent: string): DescribedClient {
    const { browser, os, device } = parseUserAgent(userAgent);
    const kept = this.#keepsUserAgent ? userAgent.slice(0, MAX_USER_AGENT_LENGTH) || null : null;
    const client = Object.freeze({ browser, os, device, country: null, city: null, userAgent: kept });
    const described = { kind: clientKind(userAgent), client };
    if (this.#known.size >= MAX_USER_AGENTS) this.#known.clear();
    // No browser sends a longer value.
    if (userAgent.length <= MAX_USER_AGENT_LENGTH) this.#known.set(userAgent, described);
    return described;
  }
}
