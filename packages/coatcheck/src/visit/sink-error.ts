import { CoatcheckError } from "../session/errors.ts";

/** Wraps a driver's error as `STORE_UNAVAILABLE`, which every sink throws when it cannot write. */
export function sinkUnavailable(cause: unknown): CoatcheckError {
  if (cause instanceof CoatcheckError) return cause;
  return new CoatcheckError("STORE_UNAVAILABLE", "The event sink did not respond; try again shortly.", {
    cause,
  });
}

/** The error of a call after `close`. */
export function closedSink(): CoatcheckError {
  return new CoatcheckError("STORE_UNAVAILABLE", "The event sink is closed.");
}
