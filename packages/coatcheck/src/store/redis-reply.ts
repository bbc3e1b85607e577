import { redisUnavailable } from "./redis-errors.ts";

function unexpected(reply: unknown, wanted: string): never {
  throw redisUnavailable(new Error(`Redis answered ${typeof reply} where ${wanted} was due.`));
}

/** A reply that must be an array. */
export function listOf(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : unexpected(reply, "an array");
}

/** A reply that must be a string. */
export function textOf(reply: unknown): string {
  return typeof reply === "string" ? reply : unexpected(reply, "a string");
}

/** A reply that must be a whole number; scripts send large ones as strings, so that Lua does not round them. */
export function numberOf(reply: unknown): number {
  const value = typeof reply === "string" && reply !== "" ? Number(reply) : reply;
  return Number.isSafeInteger(value) ? (value as number) : unexpected(reply, "a whole number");
}
