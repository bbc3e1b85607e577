import { usageError } from "../session/usage-error.ts";

/** Creates the error for a handler that loads the session although the option `sessionless` excludes the request. */
export function sessionlessRequestError(): Error {
  const message = "cannot load a session, because the option sessionless excludes this request";
  return usageError("call", [{ path: "load()", message }]);
}
