import { CoatcheckError } from "../session/errors.ts";

/**
 * Creates the error for an entity that could not be loaded. The message names the loader; the cause has details for the
 * log.
 *
 * @param name the entity's name in the context.
 * @param problem what went wrong, such as "failed".
 */
export function contextUnavailableError(name: string, problem: string, cause?: unknown): CoatcheckError {
  return new CoatcheckError("CONTEXT_UNAVAILABLE", `The loader of "${name}" ${problem}; try again shortly.`, {
    cause,
    retryAfter: 1,
  });
}
