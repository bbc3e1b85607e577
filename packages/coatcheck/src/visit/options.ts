import type { Place } from "../device/index.ts";
import { type Clock, type Schedule, systemClock, systemSchedule } from "../session/clock.ts";
import {
  type KnownOptions,
  requireKnownNestedOptions,
  requireKnownOptions,
  requireOneOf,
} from "../session/known-options.ts";
import { warnOfShortDurations } from "../session/short-durations.ts";
import { createPooledRandom, type RandomSource } from "../session/token.ts";
import { describeValue, usageError } from "../session/usage-error.ts";
import { requireHosts } from "./attribution/index.ts";
import type { DailySalt } from "./daily-visitor.ts";
import type { VisitedClient, VisitedRequest } from "./document.ts";
import type { EventCatalog } from "./event-catalog.ts";
import type { EventQueue } from "./event-queue.ts";
import { PRIVACY_MODES, type PrivacyMode } from "./privacy.ts";
import type { EventSink } from "./sink.ts";
import type { SuspicionOptions } from "./suspicion.ts";

/** Options of `createVisits`. `queue` and `privacy` are required. */
export interface VisitsOptions {
  /** Stores the events. Closing the visits closes the queue too. */
  readonly queue: EventQueue;
  /** What may be collected. There is no default: it depends on the law and on the visitor's consent. */
  readonly privacy: PrivacyMode;
  /** The application's own events, from `defineEvents`. Default: standard events only. */
  readonly events?: EventCatalog;
  /**
   * Looks up orders that this process does not know. Default: no look-up; the sink ignores a second report of an
   * order.
   */
  readonly orders?: Pick<EventSink, "findOrder">;
  /** IANA name of the time zone in which the day of a `cookieless` visitor ends at midnight. Default: `UTC`. */
  readonly timeZone?: string;
  /** Hosts of the application other than the requested one. They are never the source of a visit. */
  readonly ownHosts?: readonly string[];
  /** Other hosts that are never the source of a visit, such as a payment provider. */
  readonly ignoredReferrers?: readonly string[];
  /** Whether `DNT: 1` stops the collection. `Sec-GPC: 1` always does. Default: false. */
  readonly honourDoNotTrack?: boolean;
  /**
   * Returns the country and city of a client. Its address is truncated unless the privacy mode is `full`. Default: no
   * location.
   *
   * @example place: (client) => lookUpPlace(reader, client.address)
   */
  readonly place?: (client: VisitedClient, request: VisitedRequest) => Place;
  /** Returns the tenant of a request without a session. Default: no tenant. */
  readonly tenant?: (client: VisitedClient, request: VisitedRequest) => string | null;
  /** Returns the salt for `cookieless` visitor ids. Default: a random salt of this process. */
  readonly dailySalt?: DailySalt;
  /**
   * Maximum events per minute of each visitor and each session. Further events are dropped and counted. Default: 600.
   */
  readonly eventsPerMinute?: number;
  readonly suspicion?: SuspicionOptions;
  readonly clock?: Clock;
  readonly schedule?: Schedule;
  readonly random?: RandomSource;
}

const VISITS_OPTIONS = {
  queue: true,
  privacy: true,
  events: true,
  orders: true,
  timeZone: true,
  ownHosts: true,
  ignoredReferrers: true,
  honourDoNotTrack: "boolean",
  place: "function",
  tenant: "function",
  dailySalt: "function",
  eventsPerMinute: true,
  suspicion: true,
  clock: true,
  schedule: "function",
  random: "function",
} satisfies KnownOptions<VisitsOptions>;
const SUSPICION_OPTIONS = {
  sessionsPerAddress: "number",
  window: "milliseconds",
} satisfies KnownOptions<SuspicionOptions>;
const OPTIONS_LABEL = "options of createVisits()";

/** The options, with defaults filled in. */
export interface ResolvedVisitsOptions extends VisitsOptions {
  readonly timeZone: string;
  readonly ownHosts: readonly string[];
  readonly eventsPerMinute: number;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly random: RandomSource;
}

/** Checks the options. Throws `UsageError`. */
export function resolveOptions(options: VisitsOptions): ResolvedVisitsOptions {
  requireKnownOptions(OPTIONS_LABEL, options, VISITS_OPTIONS);
  requireKnownNestedOptions(OPTIONS_LABEL, options, "suspicion", SUSPICION_OPTIONS);
  warnOfShortDurations(OPTIONS_LABEL, "lifetime", { "suspicion.window": options.suspicion?.window });
  const { queue, privacy, timeZone = "UTC", ownHosts = [] } = options;
  if (privacy === undefined) throw optionFault("privacy", `must be one of ${PRIVACY_MODES.join(", ")}`);
  requireOneOf(OPTIONS_LABEL, "privacy", privacy, PRIVACY_MODES);
  if (typeof queue?.track !== "function")
    throw optionFault(
      "queue",
      `must be an event queue from createEventQueue() (got ${describeValue(queue)})`,
    );
  requireHosts(OPTIONS_LABEL, "ownHosts", ownHosts);
  if (options.ignoredReferrers) requireHosts(OPTIONS_LABEL, "ignoredReferrers", options.ignoredReferrers);
  if (!isTimeZone(timeZone))
    throw optionFault("timeZone", `must be an IANA name (got ${describeValue(timeZone)})`);
  const { eventsPerMinute = 600 } = options;
  if (!(eventsPerMinute > 0))
    throw optionFault("eventsPerMinute", `must be a positive number (got ${describeValue(eventsPerMinute)})`);
  const { clock = systemClock, schedule = systemSchedule, random = createPooledRandom() } = options;
  return { ...options, timeZone, ownHosts, eventsPerMinute, clock, schedule, random };
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function optionFault(path: string, message: string): Error {
  return usageError(OPTIONS_LABEL, [{ path, message }]);
}
