import { CoatcheckError } from "../session/errors.ts";
import { type KnownOptions, requireKnownOptions } from "../session/known-options.ts";
import { describeValue, usageError } from "../session/usage-error.ts";

/** The id of an entity. `7` and `"7"` refer to the same entity. */
export type EntityId = string | number;

/** Encodes ids for clients, so that the ids do not reveal how many entities there are. `hashedIds` creates a codec. */
export interface IdCodec {
  encode(id: number): string;
  /** Returns the ids that a text encodes; an empty list for a text that {@link encode} never returns. */
  decode(text: string): readonly number[];
}

/** Lets a session use another entity than its own, such as another warehouse of its company. */
export interface SelectionOptions<Value, From> {
  /**
   * Whether the session may use the entity. Called at each read of a selected entity, so that a user who loses the
   * permission also loses the selection.
   */
  readonly mayEnter: (entity: Value, from: From) => boolean | Promise<boolean>;
  /** The request header that selects an entity for one request, such as `Selected-Warehouse-Xid`. Default: none. */
  readonly header?: string;
  /** Decodes the ids that clients send. Default: clients send the ids unencoded, as strings. */
  readonly ids?: IdCodec;
  /**
   * The name of the member of the session's data that stores a selection. Default: none; a selection ends with its
   * request.
   */
  readonly member?: string;
}

/** A selection without the application's type parameters. */
export interface SelectionSettings {
  readonly mayEnter: (entity: unknown, from: Readonly<Record<string, unknown>>) => unknown;
  /** Name of the request header; null for none. */
  readonly header: string | null;
  readonly ids: IdCodec | null;
  readonly member: string | null;
}

const OPTIONS_LABEL = "loader options";
const SELECTION_OPTIONS = {
  mayEnter: "function",
  header: true,
  ids: true,
  member: true,
} satisfies KnownOptions<SelectionOptions<unknown, unknown>>;

/** Checks a loader's option `selection`. Throws a UsageError. */
export function resolveSelectionSettings(given: unknown): SelectionSettings | null {
  if (given === undefined) return null;
  requireKnownOptions(OPTIONS_LABEL, given, SELECTION_OPTIONS, "selection");
  const { mayEnter, header = null, ids = null, member = null } = given as Partial<SelectionSettings>;
  if (typeof mayEnter !== "function") {
    const message = `must be a function (got ${describeValue(mayEnter)})`;
    throw usageError(OPTIONS_LABEL, [{ path: "selection.mayEnter", message }]);
  }
  for (const [path, value] of Object.entries({ header, member })) {
    if (value === null || (typeof value === "string" && value !== "")) continue;
    throw usageError(OPTIONS_LABEL, [
      { path: `selection.${path}`, message: `must be a non-empty string (got ${describeValue(value)})` },
    ]);
  }
  return { mayEnter, header, ids, member };
}

/**
 * The headers of a request, which may select entities. Requests of Fetch, Express, Fastify, Hono and node:http all fit.
 */
export interface ContextRequest {
  readonly headers:
    | { get(name: string): string | null }
    | Readonly<Record<string, string | readonly string[] | undefined>>;
}

/**
 * Returns the value of the header that selects an entity; null if it is absent. Repeated headers are joined into a text
 * that is not a valid id.
 */
export function headerOf({ headers }: ContextRequest, name: string): string | null {
  if ("get" in headers && typeof headers.get === "function") return headers.get(name);
  const value = (headers as Readonly<Record<string, string | readonly string[] | undefined>>)[
    name.toLowerCase()
  ];
  if (value === undefined) return null;
  return typeof value === "string" ? value : value.join(", ");
}

/** The longest id that a client may send, in characters. */
const MAX_SENT_ID_LENGTH = 128;

/**
 * Decodes the id that a client sent.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` for a text that is not an id, or that encodes several ids.
 */
export function decodeId(name: string, { ids }: SelectionSettings, text: unknown): EntityId {
  const found = typeof text === "string" && text !== "" && text.length <= MAX_SENT_ID_LENGTH ? text : null;
  const decoded = found === null ? [] : ids ? ids.decode(found) : [found];
  const [id] = decoded;
  if (id !== undefined && decoded.length === 1) return id;
  const problem = id === undefined ? "is not a valid id" : "has several ids, but must be one id";
  throw new CoatcheckError("VALIDATION_FAILED", `The selected "${name}" ${problem}.`);
}

/**
 * The error for an entity that does not exist or that the session may not read. One error for both, so that clients
 * cannot find out which ids exist.
 */
export function selectionForbiddenError(name: string): CoatcheckError {
  return new CoatcheckError("FORBIDDEN", `This session may not select this "${name}".`);
}
