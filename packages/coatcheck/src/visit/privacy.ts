import type { VisitedRequest } from "./document.ts";

/**
 * The privacy modes. They define what is collected about a visitor.
 *
 * - `full`: everything. For visitors who have consented, or where no consent is needed.
 * - `exempt`: the audience measurement that the CNIL exempts from consent. A cookie identifies the browser. No link
 *   from a visitor to a session, a subject or an order. No user agent and no city; the country is looked up with a
 *   truncated address.
 * - `cookieless`: like `exempt`, without a cookie. A visitor is known for one day.
 * - `off`: nothing.
 */
export type PrivacyMode = "full" | "exempt" | "cookieless" | "off";

/** All privacy modes. */
export const PRIVACY_MODES: readonly PrivacyMode[] = ["full", "exempt", "cookieless", "off"];

/** Describes what a privacy mode permits. */
export interface PrivacyRules {
  readonly collects: boolean;
  /** Whether a cookie may identify the browser. */
  readonly hasCookie: boolean;
  /** Whether an event may name the visitor's session, subject and order, and a session may name its visitor. */
  readonly linksVisitors: boolean;
  /** Whether the user agent and the city may be stored, and the complete address may be used to find the country. */
  readonly keepsDetails: boolean;
}

/** Returns what a privacy mode permits. */
export function rulesOf(mode: PrivacyMode): PrivacyRules {
  return {
    collects: mode !== "off",
    hasCookie: mode === "full" || mode === "exempt",
    linksVisitors: mode === "full",
    keepsDetails: mode === "full",
  };
}

/**
 * Returns whether a request header opts out of collection: Global Privacy Control, or the deprecated `DNT` if the
 * application honours it.
 */
export function refusesCollection(
  request: Pick<VisitedRequest, "header">,
  honourDoNotTrack: boolean,
): boolean {
  return request.header("sec-gpc") === "1" || (honourDoNotTrack && request.header("dnt") === "1");
}
