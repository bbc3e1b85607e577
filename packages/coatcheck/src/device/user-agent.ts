import Bowser from "bowser";
import { isbot } from "isbot";
import { LRUCache } from "lru-cache";

/** What a `User-Agent` header says of its sender, as far as it can be believed: anybody may send any. */
export interface UserAgent {
  /** `tool` says nothing at all about itself, which no browser does. */
  readonly kind: "browser" | "bot" | "tool";
  /** Name and major version, `Firefox 140`; null where it is not known. */
  readonly browser: string | null;
  /** `Windows`, `macOS`, `Android`; versions have stopped telling the truth. */
  readonly os: string | null;
  /** A bot, or a kind of device. An iPad that asks for desktop sites looks like a Mac. */
  readonly device: "desktop" | "mobile" | "tablet" | "tv" | "bot" | null;
}

/** Characters; browsers send about 120. What is longer is somebody trying the parser. */
export const LONGEST_USER_AGENT = 512;

const NOTHING: UserAgent = { kind: "tool", browser: null, os: null, device: null };

const read = new LRUCache<string, UserAgent>({ max: 1000 });

/** Reads a `User-Agent` header; the thousand latest are remembered. */
export function readUserAgent(header: string | null | undefined): UserAgent {
  const text = header?.trim().slice(0, LONGEST_USER_AGENT);
  if (!text) return NOTHING;
  const known = read.get(text);
  if (known) return known;
  const parsed = parse(text);
  read.set(text, parsed);
  return parsed;
}

const DEVICES = ["desktop", "mobile", "tablet", "tv", "bot"] as const;

function parse(text: string): UserAgent {
  const { browser, os, platform } = Bowser.parse(text);
  const major = browser.version?.split(".")[0];
  // A headless browser calls itself by its ordinary name, so that only isbot can tell.
  const isBot = isbot(text);
  return {
    kind: isBot ? "bot" : "browser",
    browser: browser.name ? [browser.name, major].filter(Boolean).join(" ") : null,
    os: os.name || null,
    device: isBot ? "bot" : (DEVICES.find((device) => device === platform.type) ?? null),
  };
}
