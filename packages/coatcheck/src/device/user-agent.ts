import Bowser from "bowser";
import { isbot } from "isbot";
import { LRUCache } from "lru-cache";
import { isTool } from "./tool.ts";

/** A parsed `User-Agent` header. Do not base security decisions on it, because a client can send any value. */
export interface UserAgent {
  /** `tool`: a program, library or app that is not a browser. Also reported for a missing header. */
  readonly kind: "browser" | "bot" | "tool";
  /** Name and major version of the browser, such as `Firefox 140`; null when unknown. */
  readonly browser: string | null;
  /**
   * Name of the operating system, such as `Windows` or `Android`; null when unknown. Has no version, because browsers
   * send a fixed, outdated version.
   */
  readonly os: string | null;
  /** The type of device; null when unknown. An iPad that requests desktop sites is reported as `desktop`. */
  readonly device: "desktop" | "mobile" | "tablet" | "tv" | "bot" | null;
}

/**
 * How many characters of a header are parsed. Browsers send about 120; a much longer header may be an attack on the
 * parser.
 */
export const MAX_USER_AGENT_LENGTH = 512;

const UNKNOWN_CLIENT: UserAgent = { kind: "tool", browser: null, os: null, device: null };

const parsedHeaders = new LRUCache<string, UserAgent>({ max: 1000 });

/** Parses a `User-Agent` header. Caches the 1,000 most recently used results. */
export function parseUserAgent(header: string | null | undefined): UserAgent {
  const text = header?.trim().slice(0, MAX_USER_AGENT_LENGTH);
  if (!text) return UNKNOWN_CLIENT;
  const cached = parsedHeaders.get(text);
  if (cached) return cached;
  const parsed = parseHeader(text);
  parsedHeaders.set(text, parsed);
  return parsed;
}

const DEVICE_TYPES = ["desktop", "mobile", "tablet", "tv", "bot"] as const;

function parseHeader(text: string): UserAgent {
  if (isTool(text)) return UNKNOWN_CLIENT;
  const { browser, os, platform } = Bowser.parse(text);
  const major = browser.version?.split(".")[0];
  // Bowser reports a headless browser as an ordinary browser; only isbot detects it.
  const isBot = isbot(text);
  return {
    kind: isBot ? "bot" : "browser",
    browser: browser.name ? [browser.name, major].filter(Boolean).join(" ") : null,
    os: os.name || null,
    device: isBot ? "bot" : deviceOf(platform.type, os.name),
  };
}

/** Reports a Chromebook as a desktop: Bowser returns no type for it. */
function deviceOf(type: string | undefined, os: string | undefined): UserAgent["device"] {
  if (type === undefined && os === "Chrome OS") return "desktop";
  return DEVICE_TYPES.find((device) => device === type) ?? null;
}
