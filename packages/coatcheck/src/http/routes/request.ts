import { CoatcheckError } from "../../session/errors.ts";
import type { JsonObject } from "../../session/json.ts";
import type { RequestSession } from "../request-session.ts";

/** A request to the session endpoints. Every adapter maps its framework's request to this interface. */
export interface RouteRequest<Data = JsonObject> {
  readonly method: string;
  /** Path and query, as the client requested them. */
  readonly url: string;
  readonly session: RequestSession<Data>;
  /** Returns the value of a header by its lower-case name. */
  header(name: string): string | undefined;
  /** Returns the body: the value that the framework has parsed, otherwise the text. */
  body(): Promise<unknown>;
}

/** The largest request body, in bytes. The body of a login has a few hundred. */
export const MAX_BODY_BYTES = 64 * 1024;

/**
 * Reads a whole body as UTF-8 text. Does not destroy the stream on failure, so that the connection can still carry the
 * response.
 *
 * @throws CoatcheckError `PAYLOAD_TOO_LARGE` above 64 KiB.
 */
export async function readText(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const read: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) {
      const message = `Request body too large: must be at most ${MAX_BODY_BYTES} bytes.`;
      throw new CoatcheckError("PAYLOAD_TOO_LARGE", message);
    }
    read.push(chunk);
  }
  return Buffer.concat(read).toString("utf8");
}

/**
 * Reads the body as a JSON object.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` for anything else.
 */
export async function readJsonObject<Data>(request: RouteRequest<Data>): Promise<JsonObject> {
  const body = await request.body();
  const value = typeof body === "string" ? parseJsonText(body) : body;
  if (isObject(value)) return value;
  throw invalidRequestError("", "the body must be a JSON object");
}

/**
 * Returns the credentials of a login or an elevation: the field `credentials`, or the fields `email` and `password`.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` when there are none.
 */
export function credentialsOf(body: JsonObject): JsonObject {
  const { credentials, email, password } = body;
  if (credentials === undefined && typeof email === "string" && typeof password === "string") {
    return { email, password };
  }
  if (isObject(credentials)) return credentials;
  throw invalidRequestError(
    "credentials",
    'must be an object, unless the body contains the strings "email" and "password"',
  );
}

/**
 * Returns the field `metadata` of a login. Default: `{}`.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` when `metadata` is not an object.
 */
export function metadataOf({ metadata = {} }: JsonObject): JsonObject {
  if (isObject(metadata)) return metadata;
  throw invalidRequestError("metadata", "must be an object");
}

/**
 * Whether the query has the flag `name`: `?name` or `?name=true`.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` for another value, such as `?name=false`, so that it does not set the
 *   flag.
 */
export function hasFlag(query: URLSearchParams, name: string): boolean {
  const values = query.getAll(name);
  if (values.every((value) => value === "" || value === "true")) return values.length > 0;
  throw invalidRequestError(name, "must have no value, or the value true");
}

/** Returns the error for an invalid request. With an empty path, the message must name what is wrong. */
export function invalidRequestError(path: string, message: string): CoatcheckError {
  return new CoatcheckError("VALIDATION_FAILED", `Invalid request: ${path}${path && " "}${message}.`, {
    faults: [{ path, message }],
  });
}

function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
