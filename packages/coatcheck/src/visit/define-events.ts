import type { StandardSchemaV1 } from "@standard-schema/spec";
import { CoatcheckError, type Fault, invalidInputError } from "../session/errors.ts";
import type { JsonObject, JsonValue } from "../session/json.ts";
import { type KnownOptions, requireKnownOptions } from "../session/known-options.ts";
import { requireJsonObject } from "../session/patch.ts";
import { describeValue, usageError } from "../session/usage-error.ts";
import { KEY_EVENTS, STANDARD_EVENTS, type StandardEvent } from "./event.ts";

/** Matches names that every sink can use unchanged as a column, a file name or a URL segment. */
const EVENT_NAME_PATTERN = /^[a-z][a-z0-9_]{0,63}$/;
/** Largest size of an event's properties, as JSON in UTF-8. */
const MAX_PROPERTIES_BYTES = 4096;
/** Deepest nesting of objects and arrays in an event's properties. The properties object itself is level 1. */
const MAX_PROPERTIES_DEPTH = 4;

/** The events that only Coatcheck creates: page views, visible time, and completed orders (by `convert`). */
type ReservedEvent = "page_view" | "page_time" | "order_completed";
const RESERVED_EVENTS: readonly string[] = [
  "page_view",
  "page_time",
  "order_completed",
] satisfies ReservedEvent[];

/** Describes an event of the application. */
export interface EventDefinition {
  /** Validates the properties: Zod, Valibot, ArkType, or any other Standard Schema. It must validate synchronously. */
  readonly schema?: StandardSchemaV1;
  /**
   * Whether the event makes its visit an engaged one. Default: false. Not allowed for standard events, whose setting
   * is fixed.
   */
  readonly key?: boolean;
}

/** Event definitions by event name. */
export type EventDefinitions = Readonly<Record<string, EventDefinition>>;

/** The name of an event that the application may track: a standard event, or an event that the application defined. */
export type TrackableEvent<Definitions extends EventDefinitions> =
  | Exclude<StandardEvent, ReservedEvent>
  | (keyof Definitions & string);

/** The type of an event's properties: the input of its schema. Without a schema, any JSON object. */
export type EventProperties<
  Definitions extends EventDefinitions,
  Name extends string,
> = Definitions[Name] extends { readonly schema: infer Schema extends StandardSchemaV1 }
  ? StandardSchemaV1.InferInput<Schema>
  : JsonObject;

/**
 * The arguments of `track`. The properties may be omitted if the schema accepts an empty object.
 *
 * @example
 * function track<Name extends TrackableEvent<Definitions>>(...[name, properties]: TrackArguments<Definitions, Name>) {}
 */
export type TrackArguments<Definitions extends EventDefinitions, Name extends TrackableEvent<Definitions>> =
  // biome-ignore lint/complexity/noBannedTypes: `{}` is what the omitted properties are.
  {} extends EventProperties<Definitions, Name>
    ? [name: Name, properties?: EventProperties<Definitions, Name>]
    : [name: Name, properties: EventProperties<Definitions, Name>];

/** The members of a {@link VisitEvent} that were validated. */
export interface CheckedEvent {
  readonly type: string;
  readonly properties: JsonObject;
  readonly isKey: boolean;
}

const DEFINITION_OPTIONS = { schema: true, key: "boolean" } satisfies KnownOptions<EventDefinition>;

/** The events that an application may track. Create it with {@link defineEvents}. */
export class EventSchemas<Definitions extends EventDefinitions = Record<never, never>> {
  readonly #definitions: ReadonlyMap<string, EventDefinition>;

  /** Call {@link defineEvents} instead. */
  constructor(definitions: Definitions) {
    requireDefinitions(definitions);
    this.#definitions = new Map(Object.entries(definitions));
  }

  /**
   * Checks an event that the application tracks, and copies its properties.
   *
   * @throws CoatcheckError `VALIDATION_FAILED` with a path for each fault: `type` for an unknown event, `properties.…` for
   *   properties that are not JSON, larger than 4 KB, nested more than 4 levels deep, or refused by the schema.
   * @throws TypeError when the schema validates asynchronously.
   */
  check<Name extends TrackableEvent<Definitions>>(...args: TrackArguments<Definitions, Name>): CheckedEvent;
  check(type: string, properties: unknown = {}): CheckedEvent {
    const definition = this.#definitions.get(type);
    if (!definition && !isTrackable(type)) {
      const message = `must be a standard event or one of defineEvents (got ${describeValue(type)})`;
      throw invalidInputError("event", [{ path: "type", message }]);
    }
    return {
      type,
      properties: checkProperties(type, properties, definition?.schema),
      isKey: definition?.key ?? KEY_EVENTS.includes(type),
    };
  }
}

/**
 * Defines the application's events, so that a misspelt name or a wrong property is a compile error, and is rejected
 * at run time.
 *
 * @param definitions by event name: at most 64 lower-case letters, digits and underscores. A standard event may have
 *   a schema; `page_view`, `page_time` and `order_completed` may not.
 * @throws UsageError for an invalid name or an unknown option.
 * @example
 * const events = defineEvents({
 *   quiz_finished: { schema: z.object({ score: z.number() }), key: true },
 *   newsletter_joined: {},
 * });
 * events.check("quiz_finished", { score: 3 });
 */
export function defineEvents<const Definitions extends EventDefinitions>(
  definitions: Definitions,
): EventSchemas<Definitions> {
  return new EventSchemas(definitions);
}

function isTrackable(type: unknown): boolean {
  return (STANDARD_EVENTS as readonly unknown[]).includes(type) && !RESERVED_EVENTS.includes(type as string);
}

function requireDefinitions(definitions: EventDefinitions): void {
  if (typeof definitions !== "object" || definitions === null || Array.isArray(definitions)) {
    throw usageError("event definitions", [
      { path: "", message: `must be an object (got ${describeValue(definitions)})` },
    ]);
  }
  for (const [name, definition] of Object.entries(definitions)) {
    requireKnownOptions("event definitions", definition, DEFINITION_OPTIONS, name);
    const message = definitionFault(name, definition);
    if (message) throw usageError("event definitions", [{ path: name, message }]);
  }
}

function definitionFault(name: string, { schema, key }: EventDefinition): string | null {
  if (!EVENT_NAME_PATTERN.test(name)) {
    return "must be a name of at most 64 lower-case letters, digits and underscores that begins with a letter";
  }
  if (RESERVED_EVENTS.includes(name)) return "must not be defined: Coatcheck makes this event";
  if (isTrackable(name) && key !== undefined) return "must not have the option key: this event is standard";
  if (key !== undefined && typeof key !== "boolean")
    return `must have a boolean key (got ${describeValue(key)})`;
  if (schema !== undefined && typeof schema?.["~standard"]?.validate !== "function") {
    return `must have a Standard Schema (got ${describeValue(schema)})`;
  }
  return null;
}

function checkProperties(type: string, value: unknown, schema: StandardSchemaV1 | undefined): JsonObject {
  const properties = requireProperties(type, value);
  if (!schema) return properties;
  const result = schema["~standard"].validate(properties);
  if (result instanceof Promise)
    throw new TypeError(
      `The schema of the event "${type}" validates asynchronously; use a schema that validates synchronously.`,
    );
  if (result.issues) {
    const faults = result.issues.map(({ path, message }): Fault => ({ path: pathOfIssue(path), message }));
    throw invalidInputError(`event ${type}`, faults);
  }
  return requireProperties(type, result.value);
}

function requireProperties(type: string, value: unknown): JsonObject {
  try {
    const properties = requireJsonObject(value, "properties", MAX_PROPERTIES_BYTES);
    const path = pathBelowMaxDepth(properties, "properties", 1);
    if (path === null) return properties;
    const message = `must be nested at most ${MAX_PROPERTIES_DEPTH} levels deep`;
    throw invalidInputError(`event ${type}`, [{ path, message }]);
  } catch (error) {
    if (error instanceof CoatcheckError) throw invalidInputError(`event ${type}`, error.faults);
    throw error;
  }
}

/** Returns the path of the first value that is nested too deeply; null if there is none. */
function pathBelowMaxDepth(value: JsonValue | undefined, path: string, level: number): string | null {
  if (typeof value !== "object" || value === null) return null;
  if (level > MAX_PROPERTIES_DEPTH) return path;
  for (const [name, inner] of Object.entries(value)) {
    const found = pathBelowMaxDepth(inner, `${path}.${name}`, level + 1);
    if (found !== null) return found;
  }
  return null;
}

function pathOfIssue(path: StandardSchemaV1.Issue["path"]): string {
  const names = (path ?? []).map((segment) => String(typeof segment === "object" ? segment.key : segment));
  return ["properties", ...names].join(".");
}
