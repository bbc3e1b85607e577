/** The source of a visit. All texts are lower case, trimmed and at most 256 code points long. */
export interface VisitSource {
  /** One of the channels in `visit/attribution/channels.ts`, such as `Organic Search`. */
  readonly channel: string;
  /** The referring site or `utm_source`, such as `google`; null for `Direct`. */
  readonly source: string | null;
  readonly medium: string | null;
  readonly campaign: string | null;
  readonly term: string | null;
  readonly content: string | null;
  /** The referring host without `www.`; null without a referrer, and for a referrer that attribution ignores. */
  readonly referrer: string | null;
  /** The name of the advertiser's click id in the URL, such as `gclid`. Its value is not stored. */
  readonly clickId: string | null;
}

/**
 * The current visit of a session, for the requests of the application. Reports about visits are computed from events,
 * not from this record.
 */
export interface RecordedVisit {
  /** The id of the event that began the visit: UUID v7. */
  readonly id: string;
  /** When the visit began, epoch milliseconds. */
  readonly startedAt: number;
  /** The time of the last page view, epoch milliseconds. May be up to ten minutes too early. */
  readonly lastActivityAt: number;
  /** Path of the first page, without query. */
  readonly landingPage: string;
  readonly source: VisitSource;
}

/** The last order of a session. Money is in integer minor units of one currency. */
export interface Conversion {
  /** Unique within a tenant. */
  readonly orderId: string;
  /** Minor units, such as cents. */
  readonly revenue: number;
  /** ISO 4217. */
  readonly currency: string;
  /** When this order was first recorded, epoch milliseconds. */
  readonly at: number;
}

/** The fields of a session record that describe its visits. */
export interface VisitFields {
  readonly visitorId: string | null;
  readonly visit: RecordedVisit | null;
  readonly conversion: Conversion | null;
}

/** The visit fields of a new session. */
export const NO_VISIT_FIELDS: VisitFields = { visitorId: null, visit: null, conversion: null };

/** Returns the visit fields to change, or null to change nothing. Called again after each conflict. */
export type VisitChange = (record: VisitFields) => Partial<VisitFields> | null;
