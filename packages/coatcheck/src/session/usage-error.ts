import type { Fault } from "./errors.ts";
import { shareBetweenCopies } from "./shared-class.ts";

/**
 * A mistake of the calling program: an unknown option, or an argument that is missing or has the wrong type.
 *
 * It is a `TypeError` and not a `CoatcheckError`, because adapters send a `CoatcheckError` to the visitor. This error
 * reaches the framework's error handler, which logs it and responds 500. At commit it reaches the event `failed`.
 */
export class UsageError extends TypeError {
  override readonly name = "UsageError";
  readonly code = "VALIDATION_FAILED";
  /** Every fault of the argument. */
  readonly faults: readonly Fault[];

  constructor(message: string, faults: readonly Fault[]) {
    super(message);
    this.faults = faults;
  }
}

shareBetweenCopies(UsageError, "UsageError");

/**
 * Builds a {@link UsageError} whose message names the first fault: `Invalid revocation scope: subject must be …`.
 *
 * @param input what was checked, such as "revocation scope".
 * @param faults at least one.
 */
export function usageError(input: string, faults: readonly Fault[]): UsageError {
  const [first] = faults;
  const text = [first?.path, first?.message].filter(Boolean).join(" ");
  return new UsageError(`Invalid ${input}: ${text}.`, faults);
}

/**
 * The longest string that a message repeats, in characters. Shorter than a token, so that no token gets into a message.
 */
const MAX_SHOWN_LENGTH = 20;

/** Describes an invalid value for an error message. Does not repeat long strings, because they may be tokens. */
export function describeValue(value: unknown): string {
  if (typeof value === "string" && value.length <= MAX_SHOWN_LENGTH) return JSON.stringify(value);
  if (Array.isArray(value)) return "array";
  return typeof value === "number" || value === null ? String(value) : typeof value;
}
