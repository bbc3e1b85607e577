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

/** Describes clients by their user agent, once for each: page views of one browser share the description. */
export class ClientDescriptions {
  readonly #known = new Map<string, DescribedClient>();
  readonly #keepsUserAgent: boolean;

  constructor(keepsUserAgent: boolean) {
    this.#keepsUserAgent = keepsUserAgent;
  }

  of(userAgent = ""): DescribedClient {
    return this.#known.get(userAgent) ?? this.#describe(userAgent);
  }

  #describe(userAgent: string): DescribedClient {
    const { browser, os, device } = parseUserAgent(userAgent);
    const kept = this.#keepsUserAgent ? userAgent.slice(0, MAX_USER_AGENT_LENGTH) || null : null;
    const client = Object.freeze({ browser, os, device, country: null, city: null, userAgent: kept });
    const described = { kind: clientKind(userAgent), client };
    if (this.#known.size >= MAX_USER_AGENTS) this.#known.clear();
    // No browser sends a longer one.
    if (userAgent.length <= MAX_USER_AGENT_LENGTH) this.#known.set(userAgent, described);
    return described;
  }
}
