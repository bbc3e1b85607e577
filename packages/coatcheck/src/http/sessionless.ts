import { usageError } from "../session/usage-error.ts";

/** Creates the error for a handler that loads the session although the option `sessionless` excludes the request. */
export function sessionlessRequest(): Error {
  const message = "cannot load the session of a request that the option sessionless selects";
  return usageError("call", [{ path: "load()", message }]);
}
