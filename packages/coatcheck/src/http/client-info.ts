import type { ClientInfo } from "../session/record.ts";
import type { HttpRequest } from "./message.ts";

/** Maximum length of the stored header, in characters. Browsers send about 120. */
const MAX_USER_AGENT_LENGTH = 512;

/**
 * Returns what a session stores about its client by default: only the `User-Agent` header, so that users can tell their
 * devices apart. Null for a request without the header.
 */
export function userAgentInfo(request: Pick<HttpRequest, "header">): ClientInfo | null {
  const userAgent = request.header("user-agent")?.slice(0, MAX_USER_AGENT_LENGTH) || null;
  if (userAgent === null) return null;
  return { address: null, userAgent, browser: null, os: null, device: null, country: null, city: null };
}
