import { CoatcheckError } from "../session/errors.ts";

/** Wraps a driver's error in `STORE_UNAVAILABLE`, the error that every sink throws when it cannot write. */
export function sinkUnavailableError(cause: unknown): CoatcheckError {
  if (cause instanceof CoatcheckError) return cause;
  return new CoatcheckError("STORE_UNAVAILABLE", "The event sink did not respond; try again shortly.", {
    cause,
  });
}

/** Returns the error for calls after `close`. */
export function closedSinkError(): CoatcheckError {
  return new CoatcheckError("STORE_UNAVAILABLE", "The event sink is closed.");
}
