/**
 * The definition of each figure, in one sentence. The documentation, the service's schema and the dashboard's
 * tooltips contain these texts.
 */
export const DEFINITIONS = {
  visits:
    "Visits that began in the range; a visit ends 30 minutes or more after its last activity, or 24 hours after its start.",
  visitors:
    "Distinct visitors who began a visit in the range; each is listed under the first of those visits.",
  newVisitors: "Visitors whose first visit ever began in the range.",
  returningVisitors:
    "Visitors who began a visit in the range that was not their first ever; a visitor can be both new and returning.",
  singleRequestVisitors:
    "Visitors whose first visit ever began in the range and is a single event; a person without cookies counts once for each document.",
  pageViews:
    "HTML documents that were delivered to people, and views that a page's script reported; each page counts once.",
  engaged: "Visits with two or more page views, 10 seconds or more of visible time, or a key event.",
  bounced: "Visits that are not engaged.",
  engagedRate: "Engaged visits divided by visits; null without visits.",
  averageVisibleTime:
    "Milliseconds for which the pages of the visits were visible, divided by visits; null without visits.",
  orders: "Orders by their local day; the first report of an order id counts.",
  convertedVisits: "Visits with at least one order.",
  conversionRate: "Visits with at least one order divided by visits; null without visits.",
  revenue: "Sum of the orders in integer minor units, for each currency, never converted.",
  documents:
    "Documents that were counted and not stored: requests of bots, AI agents and tools, suspected ones, those of people who are not collected, and what a limit dropped.",
  liveVisitors: "Distinct visitors with activity that arrived in the last 5 minutes.",
  channel:
    "The visit's own channel or, if that is Direct, the channel of the visitor's latest visit within 90 days that was not Direct.",
  entryChannel: "The channel of the visit's own first page.",
  firstTouchChannel: "The channel of the visitor's first visit, Direct included.",
  funnelClosed:
    "Visits, or visitors, that did each step after the one before, from the first occurrence of the first step and within the window.",
  funnelOpen: "Visits, or visitors, that did the step at all, in any order.",
  timeToNext:
    "Median of the milliseconds from a step to the next one, over all that did the next one after it; the mean of the middle two for an even number.",
  retention:
    "Visitors by the calendar week of their first visit, and how many of them began a visit in each later week; weeks begin on Monday in the operator's time zone.",
} as const;

/** The name of a figure that has a definition. */
export type Figure = keyof typeof DEFINITIONS;
