import { z } from "zod";

/**
 * Parses an environment variable that must be a whole number from `min` to `max`. The error message contains `example`.
 */
export function wholeNumber(min: number, max: number, example: number) {
  const message = `must be a whole number from ${min} to ${max}, such as ${example}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message);
}
