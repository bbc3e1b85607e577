import { reportMistake } from "../session/report-mistake.ts";
import { UsageError } from "../session/usage-error.ts";
import { type ErrorResponse, errorResponse } from "./error-response.ts";
import type { HttpContext } from "./resolved.ts";

/**
 * Reports that the session's changes could not be saved, and returns the response for the visitor. The error does not
 * reach the framework's error handlers. A `UsageError` is therefore emitted as the event `failed` and, outside
 * production, as a process warning.
 */
export function commitFailureResponse<Data>(error: unknown, http: HttpContext<Data>): ErrorResponse {
  http.options.onCommitFailure?.(error);
  if (error instanceof UsageError) {
    const warningCode = "COATCHECK_COMMIT_FAILURE";
    reportMistake(http.manager.events, { operation: "commit", error, warningCode });
  }
  return errorResponse(error);
}
