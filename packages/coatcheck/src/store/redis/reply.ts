import { redisUnavailableError } from "./errors.ts";

function throwUnexpected(reply: unknown, expected: string): never {
  throw redisUnavailableError(
    new Error(`Unexpected Redis reply: got ${typeof reply}, expected ${expected}.`),
  );
}

/** Checks that a reply is an array. */
export function requireArray(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : throwUnexpected(reply, "an array");
}

/** Checks that a reply is a string. */
export function requireString(reply: unknown): string {
  return typeof reply === "string" ? reply : throwUnexpected(reply, "a string");
}

/** Checks that a reply is a safe integer. Scripts send large integers as strings, because Lua would round them. */
export function requireInteger(reply: unknown): number {
  const value = typeof reply === "string" && reply !== "" ? Number(reply) : reply;
  return Number.isSafeInteger(value) ? (value as number) : throwUnexpected(reply, "a whole number");
}
