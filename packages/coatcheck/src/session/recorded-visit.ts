/** Where a visit comes from. All texts are lower case, trimmed and at most 256 code points long. */
export interface VisitSource {
  /** One of the channels of `visit/attribution/channels.ts`, such as `Organic Search`. */
  readonly channel: string;
  /** The referring site or `utm_source`, such as `google`; null for `Direct`. */
  readonly source: string | null;
  readonly medium: string | null;
  readonly campaign: string | null;
  readonly term: string | null;
  readonly content: string | null;
  /** The referring host without `www.`; null without a referrer that counts. */
  readonly referrer: string | null;
  /** The name of the click id in the address, such as `gclid`. Its value is not kept. */
  readonly clickId: string | null;
}

/**
 * The visit that a session is in, as far as its requests need to know it. It is a note for the application; the figures of
 * visits come from the events.
 */
export interface RecordedVisit {
  /** The id of the event that began the visit: UUID v7. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Epoch milliseconds, at most ten minutes behind the last page view. */
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
  /** When the session was first marked with this order, epoch milliseconds. */
  readonly at: number;
}

/** The fields of a session record that belong to its visits. */
export interface VisitFields {
  readonly visitorId: string | null;
  readonly visit: RecordedVisit | null;
  readonly conversion: Conversion | null;
}

/** The fields of a new session. */
export const NO_VISIT_FIELDS: VisitFields = { visitorId: null, visit: null, conversion: null };

/** Returns the fields to change in a record; null for no change. Called again after each conflict. */
export type VisitChange = (record: VisitFields) => Partial<VisitFields> | null;
