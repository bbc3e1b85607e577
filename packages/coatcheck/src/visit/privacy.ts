import type { VisitedRequest } from "./document.ts";

/**
 * The privacy modes. They decide what is collected about a visitor.
 *
 * - `full`: everything. For visitors who have consented, or where none is needed.
 * - `exempt`: the audience measurement that the CNIL exempts from consent. A cookie; no link from a visitor to a session, a
 *   subject or an order; no user agent, no city, and a truncated address for the look-up of the country.
 * - `cookieless`: like `exempt`, without a cookie. A visitor is known for one day.
 * - `off`: nothing.
 */
export type PrivacyMode = "full" | "exempt" | "cookieless" | "off";

/** The privacy modes. */
export const PRIVACY_MODES: readonly PrivacyMode[] = ["full", "exempt", "cookieless", "off"];

/** The permissions of a privacy mode. */
export interface PrivacyRules {
  readonly collects: boolean;
  /** Whether a cookie identifies the browser over time. */
  readonly hasCookie: boolean;
  /** Whether events carry session, subject and order of the visitor, and the session its visitor. */
  readonly linksVisitors: boolean;
  /** Whether the user agent and the city are kept, and the whole address is used to find the country. */
  readonly keepsDetails: boolean;
}

/** Returns what a mode allows. */
export function rulesOf(mode: PrivacyMode): PrivacyRules {
  return {
    collects: mode !== "off",
    hasCookie: mode === "full" || mode === "exempt",
    linksVisitors: mode === "full",
    keepsDetails: mode === "full",
  };
}

/**
 * Whether a browser opts out of collection with a header: Global Privacy Control, and where the application honours it the
 * deprecated `DNT`.
 */
export function refusesCollection(
  request: Pick<VisitedRequest, "header">,
  honourDoNotTrack: boolean,
): boolean {
  return request.header("sec-gpc") === "1" || (honourDoNotTrack && request.header("dnt") === "1");
}
