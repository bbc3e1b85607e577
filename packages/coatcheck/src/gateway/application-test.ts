import { UsageError } from "../session/usage-error.ts";
import type { UpstreamResponse } from "./response.ts";

/**
 * Runs a predicate from the application's options on a response, and returns its result.
 *
 * @param path - the name of the option, for the error message.
 * @throws UsageError when the predicate throws, or returns anything but a boolean, because a promise would be truthy.
 */
export function callPredicate(
  path: string,
  test: (response: UpstreamResponse) => boolean,
  response: UpstreamResponse,
): boolean {
  let result: unknown;
  try {
    result = test(response);
  } catch (cause) {
    throw optionError(path, "must not throw", cause);
  }
  if (typeof result === "boolean") return result;
  if (result instanceof Promise) result.catch(() => {});
  throw optionError(path, "must return true or false");
}

function optionError(path: string, message: string, cause?: unknown): UsageError {
  const error = new UsageError(`Invalid upstream options: ${path} ${message}.`, [{ path, message }]);
  if (cause !== undefined) error.cause = cause;
  return error;
}
