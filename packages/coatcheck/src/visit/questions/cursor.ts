import { createHash } from "node:crypto";
import { isJsonObject, type JsonValue, parseJson } from "../../session/json.ts";
import type { RequestCheck } from "./request.ts";

/** Longest cursor, in characters. The longest position contains a path of 1024 characters. */
const MAX_CURSOR_LENGTH = 16_384;

/** A position in the rows of an answer: the sort keys of the last returned row. */
export type CursorPosition = readonly JsonValue[];

/**
 * Encodes the position after which the next page begins. A cursor contains a digest of the request's other members, so
 * it is rejected in a request in which any of them differs.
 */
export function encodeCursor(question: readonly JsonValue[], position: CursorPosition): string {
  return Buffer.from(JSON.stringify({ of: digestOfRequest(question), at: position })).toString("base64url");
}

/**
 * Decodes a cursor; returns null if the request has none. Adds a fault if the cursor is malformed or belongs to
 * another request.
 *
 * @param types - the `typeof` of each sort key.
 */
export function decodeCursor(
  check: RequestCheck,
  question: readonly JsonValue[],
  cursor: unknown,
  types: readonly string[],
): CursorPosition | null {
  if (cursor === undefined || cursor === null) return null;
  const isText = typeof cursor === "string" && cursor.length <= MAX_CURSOR_LENGTH;
  const content = isText ? parseJson(Buffer.from(cursor, "base64url").toString()) : null;
  const at = isJsonObject(content) && Array.isArray(content.at) ? content.at : [];
  if (!isJsonObject(content) || at.map((key) => typeof key).join() !== types.join()) {
    check.addFault("cursor", "must be the `next` value of an earlier page");
    return null;
  }
  if (content.of === digestOfRequest(question)) return at;
  check.addFault(
    "cursor",
    "belongs to a request with other parameters; send the cursor with the same parameters as the request that returned it",
  );
  return null;
}

function digestOfRequest(question: readonly JsonValue[]): string {
  return createHash("sha256").update(JSON.stringify(question)).digest("base64url").slice(0, 16);
}
