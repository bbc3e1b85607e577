import { CoatcheckError } from "../../session/errors.ts";
import type { JsonObject } from "../../session/json.ts";
import type { RequestSession } from "../request-session.ts";

/** A request to the session endpoints, as every framework can show it. */
export interface RouteRequest<Data = JsonObject> {
  readonly method: string;
  /** Path and query, as the client asked for them. */
  readonly url: string;
  readonly session: RequestSession<Data>;
  /** The value of a header, by lower-case name. */
  header(name: string): string | undefined;
  /** The body: what the framework has parsed already, else its text. */
  body(): Promise<unknown>;
}

/** Bytes; a login is a few hundred. */
export const LARGEST_BODY = 64 * 1024;

/**
 * Reads a body to its end. Throws `PAYLOAD_TOO_LARGE` at more than 64 KiB. The stream is left as it is, so that the
 * connection can still carry the answer.
 */
export async function readText(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const read: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.byteLength;
    if (size > LARGEST_BODY) throw new CoatcheckError("PAYLOAD_TOO_LARGE", "That is too much to read.");
    read.push(chunk);
  }
  return Buffer.concat(read).toString("utf8");
}

/** The body as a JSON object. Throws `VALIDATION_FAILED` for anything else. */
export async function readObject<Data>(request: RouteRequest<Data>): Promise<JsonObject> {
  const body = await request.body();
  const value = typeof body === "string" ? parse(body) : body;
  if (isObject(value)) return value;
  throw invalid("", "must be a JSON object");
}

/** The credentials of a login or an elevation: `credentials`, or `email` and `password` at the top. */
export function credentialsOf(body: JsonObject): JsonObject {
  const { credentials, email, password } = body;
  if (credentials === undefined && typeof email === "string" && typeof password === "string") {
    return { email, password };
  }
  if (isObject(credentials)) return credentials;
  throw invalid("credentials", "must be an object; or give email and password");
}

/** What was sent beside the credentials. */
export function metadataOf({ metadata = {} }: JsonObject): JsonObject {
  if (isObject(metadata)) return metadata;
  throw invalid("metadata", "must be an object");
}

/** The error of an input that will not do. */
export function invalid(path: string, message: string): CoatcheckError {
  return new CoatcheckError("VALIDATION_FAILED", "The request will not do.", { faults: [{ path, message }] });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
