import { CoatcheckError, type Fault } from "coatcheck";

/** Maximum characters of a fault's path in the message. Paths come from the client's input and can be very long. */
const MAX_PATH_LENGTH = 128;

/**
 * Creates the error for invalid input. The message contains the first fault.
 *
 * @param what the name of the input, such as `request` or `request body`.
 * @param faults the faults; at least one.
 */
export function invalidInputError(what: string, faults: readonly Fault[], cause?: unknown): CoatcheckError {
  const [first] = faults;
  const fault = first ? `: ${`${first.path.slice(0, MAX_PATH_LENGTH)} ${first.message}`.trim()}` : "";
  return new CoatcheckError("VALIDATION_FAILED", `Invalid ${what}${fault.replace(/\.$/, "")}.`, {
    faults,
    cause,
  });
}
