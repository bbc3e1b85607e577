import { usageError } from "../session/usage-error.ts";

/** The error for a handler that loads the session of a request which the option `sessionless` selects. */
export function sessionlessRequest(): Error {
  const message = "cannot load the session of a request that the option sessionless selects";
  return usageError("call", [{ path: "load()", message }]);
}
