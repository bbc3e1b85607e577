import { UsageError } from "../session/usage-error.ts";
import type { UpstreamResponse } from "./response.ts";

/**
 * Applies a test of the application to a response.
 *
 * @param path - the option, for the error.
 * @throws UsageError when the test throws, or returns anything but a boolean: a promise would count as true.
 */
export function applyTest(
  path: string,
  test: (response: UpstreamResponse) => boolean,
  response: UpstreamResponse,
): boolean {
  let result: unknown;
  try {
    result = test(response);
  } catch (cause) {
    throw misuseOf(path, "must not throw", cause);
  }
  if (typeof result === "boolean") return result;
  if (result instanceof Promise) result.catch(() => {});
  throw misuseOf(path, "must return true or false");
}

function misuseOf(path: string, message: string, cause?: unknown): UsageError {
  const error = new UsageError(`Invalid upstream options: ${path} ${message}.`, [{ path, message }]);
  if (cause !== undefined) error.cause = cause;
  return error;
}
