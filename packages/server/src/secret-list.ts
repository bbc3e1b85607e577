import { z } from "zod";

/** Minimum length of a secret or key, in characters. */
export const MIN_SECRET_LENGTH = 16;

/** Splits a comma-separated list, without empty entries. */
export function listOf(text: string): string[] {
  return text
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

/** Parses a variable that holds secrets. */
export const secretList = z
  .string()
  .transform(listOf)
  .refine(
    (list) => list.length > 0 && list.every((secret) => secret.length >= MIN_SECRET_LENGTH),
    `must be a comma-separated list of secrets, newest first, with at least ${MIN_SECRET_LENGTH} characters each`,
  );
