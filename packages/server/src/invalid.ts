import { CoatcheckError, type Fault } from "coatcheck";

/** Characters of a path in the message. Paths come from the client's input and can be very long. */
const MAX_PATH = 128;

/**
 * The error for invalid input, with its first fault in the message.
 *
 * @param what the invalid thing, such as `request` or `request body`.
 * @param faults at least one.
 */
export function invalid(what: string, faults: readonly Fault[], cause?: unknown): CoatcheckError {
  const [first] = faults;
  const fault = first ? `: ${`${first.path.slice(0, MAX_PATH)} ${first.message}`.trim()}` : "";
  return new CoatcheckError("VALIDATION_FAILED", `Invalid ${what}${fault.replace(/\.$/, "")}.`, {
    faults,
    cause,
  });
}
