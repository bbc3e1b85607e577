import { CoatcheckError, type Fault, invalidInputError } from "../session/errors.ts";
import { isJsonObject, type JsonObject } from "../session/json.ts";
import type { Beacon, BeaconEvent } from "./beacon.ts";
import { type EventCatalog, requireTrackable } from "./event-catalog.ts";

/** Maximum number of events that one beacon may contain. */
const MAX_BEACON_EVENTS = 51;
/** Maximum age of an event in a beacon, in milliseconds. */
const MAX_EVENT_AGE = 48 * 60 * 60_000;
const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The events that the page's script sends without a call by the application. */
const PAGE_EVENT_TYPES: readonly string[] = ["page_view", "page_time"];

const BEACON_FIELDS: readonly string[] = ["pageId", "events"];

/** The optional text fields of an event, with their maximum lengths in characters. */
const MAX_TEXT_LENGTHS: Readonly<Record<string, number>> = {
  path: 1024,
  query: 4096,
  title: 256,
  referrer: 2048,
};
const EVENT_FIELDS: readonly string[] = [
  "type",
  "id",
  "ago",
  "visibleTime",
  "properties",
  ...Object.keys(MAX_TEXT_LENGTHS),
];

/**
 * Validates the body of a beacon. Any script can send one, so nothing in it is trusted.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` with a path for each fault.
 */
export function requireBeacon(body: unknown, catalog: EventCatalog): Beacon {
  if (!isJsonObject(body))
    throw invalidInputError("beacon", [{ path: "", message: "the body must be a JSON object" }]);
  const { pageId, events } = body;
  const faults = unknownFields("", body, BEACON_FIELDS);
  if (!isUuid(pageId)) faults.push({ path: "pageId", message: "must be a UUID in lower case" });
  if (!Array.isArray(events) || events.length > MAX_BEACON_EVENTS) {
    faults.push({ path: "events", message: `must be a list of at most ${MAX_BEACON_EVENTS} events` });
  } else {
    for (const [index, event] of events.entries())
      faults.push(...eventFaults(`events.${index}`, event, catalog));
  }
  if (faults.length > 0) throw invalidInputError("beacon", faults);
  return body as unknown as Beacon;
}

/** Returns whether the page's script itself creates events of this type, so that no schema describes them. */
export function isPageEvent({ type }: Pick<BeaconEvent, "type">): boolean {
  return PAGE_EVENT_TYPES.includes(type);
}

function eventFaults(path: string, event: unknown, catalog: EventCatalog): Fault[] {
  if (!isJsonObject(event)) return [{ path, message: "must be a JSON object" }];
  const faults = unknownFields(`${path}.`, event, EVENT_FIELDS);
  const { id, type, ago, visibleTime } = event;
  const fault = (name: string, message: string) => faults.push({ path: `${path}.${name}`, message });
  if (!isUuid(id)) fault("id", "must be a UUID in lower case");
  if (!isDuration(ago) || ago > MAX_EVENT_AGE)
    fault("ago", "must be 0 to 172800000 milliseconds, which are 48 hours");
  if (visibleTime !== undefined && !isDuration(visibleTime)) {
    fault("visibleTime", "must be a number of milliseconds, 0 or more");
  }
  if (type === "page_time" && visibleTime === undefined) fault("visibleTime", "must be in a page_time");
  for (const [name, limit] of Object.entries(MAX_TEXT_LENGTHS)) {
    const text = event[name];
    if (text === undefined) continue;
    if (typeof text !== "string" || text.length > limit || !text.isWellFormed()) {
      fault(name, `must be well-formed text of at most ${limit} characters`);
    }
  }
  if (typeof event.path === "string" && !event.path.startsWith("/")) fault("path", "must begin with /");
  return [...faults, ...propertyFaults(path, event, catalog)];
}

function propertyFaults(path: string, { type, properties = {} }: JsonObject, catalog: EventCatalog): Fault[] {
  if (typeof type !== "string") return [{ path: `${path}.type`, message: "must be the name of an event" }];
  if (isPageEvent({ type })) return [];
  try {
    requireTrackable(type);
    catalog.check(type, properties);
    return [];
  } catch (error) {
    if (!(error instanceof CoatcheckError)) throw error;
    if (error.faults.length === 0) return [{ path, message: error.message }];
    return error.faults.map((fault) => ({ ...fault, path: `${path}.${fault.path}` }));
  }
}

function unknownFields(prefix: string, object: JsonObject, known: readonly string[]): Fault[] {
  return Object.keys(object)
    .filter((name) => !known.includes(name))
    .map((name) => ({ path: prefix + name, message: "is not a field of a beacon" }));
}

function isUuid(value: unknown): value is string {
  return typeof value === "string" && UUID_PATTERN.test(value);
}

function isDuration(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
