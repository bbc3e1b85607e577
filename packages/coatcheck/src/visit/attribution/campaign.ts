import { CLICK_IDS, type ClickId } from "./click-ids.ts";

/** Longest text of a visit's source, such as a campaign name, in code points. Longer texts are truncated. */
const MAX_TEXT_LENGTH = 256;

/** Matches control characters, including the ones that change the direction of text. */
const CONTROL_CHARACTERS_PATTERN = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** The campaign fields in the query of a page's address. */
export interface Campaign {
  readonly source: string | null;
  readonly medium: string | null;
  readonly campaign: string | null;
  readonly term: string | null;
  readonly content: string | null;
  readonly clickId: ClickId | null;
}

/** The campaign of an address that contains no campaign parameters. */
export const NO_CAMPAIGN: Campaign = {
  source: null,
  medium: null,
  campaign: null,
  term: null,
  content: null,
  clickId: null,
};

const CAMPAIGN_PARAMETERS: ReadonlySet<string> = new Set([
  "utm_source",
  "utm_medium",
  "utm_campaign",
  "utm_term",
  "utm_content",
  ...CLICK_IDS.map(({ name }) => name),
]);

/**
 * A fast pre-check: matches every query that may contain one of {@link CAMPAIGN_PARAMETERS}. It also matches a
 * parameter that only begins with such a name, and a name with a percent escape.
 */
const POSSIBLE_CAMPAIGN_PATTERN = new RegExp(
  `[?&](?:utm_|${CLICK_IDS.map(({ name }) => name).join("|")}|[^=&]*%)`,
  "i",
);

/**
 * Reads UTM parameters and click ids. Parameter names are case-insensitive. If a parameter is repeated, its first value
 * is used.
 *
 * @param url a URL or a path with a query. A malformed escape does not throw.
 */
export function campaignOf(url: string): Campaign {
  const start = url.indexOf("?");
  if (start === -1 || !POSSIBLE_CAMPAIGN_PATTERN.test(url)) return NO_CAMPAIGN;
  const end = url.indexOf("#");
  if (end !== -1 && end < start) return NO_CAMPAIGN;
  const values = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(url.slice(start + 1, end === -1 ? undefined : end))) {
    const parameter = name.toLowerCase();
    if (CAMPAIGN_PARAMETERS.has(parameter) && !values.has(parameter)) values.set(parameter, value);
  }
  if (values.size === 0) return NO_CAMPAIGN;
  const text = (name: string) => cleanText(values.get(name) ?? "");
  return {
    source: text("utm_source"),
    medium: text("utm_medium"),
    campaign: text("utm_campaign"),
    term: text("utm_term"),
    content: text("utm_content"),
    clickId: CLICK_IDS.find(({ name }) => values.get(name)) ?? null,
  };
}

/** Removes control characters, trims, converts to lower case, and truncates. Returns null if nothing is left. */
export function cleanText(text: string): string | null {
  const cleaned = text.replace(CONTROL_CHARACTERS_PATTERN, "").trim().toLowerCase();
  return firstCodePoints(cleaned, MAX_TEXT_LENGTH).trimEnd() || null;
}

function firstCodePoints(text: string, count: number): string {
  if (text.length <= count) return text;
  let end = 0;
  for (let taken = 0; taken < count && end < text.length; taken++) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  return text.slice(0, end);
}
