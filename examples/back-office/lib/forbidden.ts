import { CoatcheckError } from "coatcheck";

/** Creates the error of an action that the user may not perform. */
export function forbiddenError(): CoatcheckError {
  return new CoatcheckError("FORBIDDEN", "You are not allowed to do that.");
}
