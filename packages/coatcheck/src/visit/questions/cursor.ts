import { createHash } from "node:crypto";
import { isJsonObject, type JsonValue, parseJson } from "../../session/json.ts";
import type { RequestCheck } from "./request.ts";

/** Characters of a cursor. The longest position contains a path of 1024 characters. */
const MAX_LENGTH = 16_384;

/** A position in the rows of an answer: the sort keys of the last row. */
export type Position = readonly JsonValue[];

/**
 * Encodes the position after which the next page begins. A cursor belongs to one question: it contains a digest of the
 * question's other members, and is rejected if they differ.
 */
export function encodeCursor(question: readonly JsonValue[], position: Position): string {
  return Buffer.from(JSON.stringify({ of: digest(question), at: position })).toString("base64url");
}

/**
 * Decodes a cursor; null without one. Notes a fault for a cursor that is malformed or of another question.
 *
 * @param types - what `typeof` gives for each sort key.
 */
export function decodeCursor(
  check: RequestCheck,
  question: readonly JsonValue[],
  cursor: unknown,
  types: readonly string[],
): Position | null {
  if (cursor === undefined || cursor === null) return null;
  const isText = typeof cursor === "string" && cursor.length <= MAX_LENGTH;
  const content = isText ? parseJson(Buffer.from(cursor, "base64url").toString()) : null;
  const at = isJsonObject(content) && Array.isArray(content.at) ? content.at : [];
  if (!isJsonObject(content) || at.map((key) => typeof key).join() !== types.join()) {
    check.add("cursor", "must be the `next` value of an earlier answer");
    return null;
  }
  if (content.of === digest(question)) return at;
  check.add("cursor", "belongs to another question; repeat the request that it came from, with the cursor");
  return null;
}

function digest(question: readonly JsonValue[]): string {
  return createHash("sha256").update(JSON.stringify(question)).digest("base64url").slice(0, 16);
}
