import { LRUCache } from "lru-cache";
import { parseUserAgent } from "../device/index.ts";
import { isTool } from "../device/tool.ts";
import type { ClientKind } from "./event.ts";

/** Longest user agent that is examined, in characters. Browsers send about 120, in-app browsers up to about 400. */
export const MAX_USER_AGENT_LENGTH = 512;

/**
 * Matches crawlers that collect data for AI models, and agents that fetch a page for a person who asked an assistant.
 */
const AI_AGENT_PATTERN = new RegExp(
  [
    "gptbot|chatgpt|oai-searchbot|oai-adsbot|openai|operator-agent|claude-?bot|claude-|anthropic",
    "perplexity-?(?:bot|user)|google-extended|google-cloudvertexbot|google-notebooklm|google-agent|gemini-|googleagent",
    "meta-externalagent|meta-externalfetcher|meta-webindexer|facebookbot|amazonbot|amzn-|bedrockbot|novaact|applebot-extended|bytespider|tiktokspider",
    "ccbot|cohere-|mistralai|deepseek|grokbot|xai-|duckassist|you-?bot|phindbot|kagi-fetcher|azureai-|chatglm|pangubot",
    "sbintuitions|iask(?:bot|spider)|ai2bot|ai-?searchbot|diffbot|omgili|timpibot|imagesift|img2dataset|laion-",
    "firecrawl|crawl4ai|tavilybot|linkupbot|exabot-ai|linerbot|devin/|manus-user|apify|cloudflare-autorag|andibot",
    "kangaroo bot|thinkbot|brightbot|shapbot|spawning-ai|the knowledge ai|atlassian-bot|poggio-citations|aihitbot",
  ].join("|"),
  "i",
);

/** Matches measuring programs that the package isbot classifies as browsers. */
const UNLISTED_BOT_PATTERN = /headlesschrome|gtmetrix|miniature\.io|\bylt\b|phantomjs|electron-prerender/i;

// biome-ignore lint/suspicious/noControlCharactersInRegex: no browser sends them.
const CONTROL_CHARACTER_PATTERN = /[\x00-\x08\x0a-\x1f\x7f]/;

const kindByUserAgent = new LRUCache<string, ClientKind>({ max: 1000 });

/**
 * Returns what kind of client sent a request. Caches the 1,000 most recently used results. A client can send any
 * value, so use the kind for statistics only, never for access control.
 *
 * @param userAgent the `User-Agent` header.
 * @returns `suspected` for a header that no browser or known program sends: it is empty, contains control characters,
 *   or exceeds 512 characters.
 */
export function clientKind(userAgent: string | null | undefined): ClientKind {
  const text = userAgent?.trim();
  if (!text || text.length > MAX_USER_AGENT_LENGTH) return "suspected";
  let kind = kindByUserAgent.get(text);
  if (!kind) {
    kind = classifyUserAgent(text);
    kindByUserAgent.set(text, kind);
  }
  return kind;
}

function classifyUserAgent(text: string): ClientKind {
  if (CONTROL_CHARACTER_PATTERN.test(text)) return "suspected";
  if (AI_AGENT_PATTERN.test(text)) return "ai-agent";
  if (isTool(text)) return "tool";
  return UNLISTED_BOT_PATTERN.test(text) || parseUserAgent(text).kind !== "browser" ? "bot" : "human";
}
