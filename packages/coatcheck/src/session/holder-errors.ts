import { CoatcheckError } from "./errors.ts";

/** What the holder of a superseded token is told: the browser has a newer one by now. */
export function superseded(): CoatcheckError {
  return new CoatcheckError(
    "CONFLICT",
    "This browser was just given a newer session token; repeat the request.",
  );
}

/** Nobody can say whose session it is. */
export function unavailable(): CoatcheckError {
  return new CoatcheckError(
    "STORE_UNAVAILABLE",
    "The session cannot be checked at the moment; try again shortly.",
  );
}

/** A new token was asked for that no header could carry any more. */
export function outOfReach(): CoatcheckError {
  return new CoatcheckError(
    "CONFLICT",
    "The response's headers are out, so a new session token cannot reach its holder.",
  );
}
