import { CoatcheckError, errorBody } from "coatcheck";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { invalidInputError } from "./invalid.ts";

/** Milliseconds during which the service still reads, and discards, a body that exceeds the size limit. */
const DRAIN_TIMEOUT = 10_000;

/** Sends an error in the error envelope. Logs the cause of 5xx errors. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendKnownError(toCoatcheckError(error), request, reply);
}

/**
 * Sends 404 for an unknown route. The code is `VALIDATION_FAILED`, because `SESSION_NOT_FOUND` would make clients drop
 * their session.
 */
export function sendRouteNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const faults = [{ path: "url", message: "does not match any route" }];
  const message = "No route for this method and path; see /docs.";
  return sendKnownError(new CoatcheckError("VALIDATION_FAILED", message, { faults }), request, reply, 404);
}

/** Sends 405 for a method that a known path does not support, with the same code as {@link sendRouteNotFound}. */
export function sendMethodNotAllowed(
  request: FastifyRequest,
  reply: FastifyReply,
  allowedMethods: readonly string[],
): FastifyReply {
  const allow = allowedMethods.join(", ");
  const faults = [{ path: "method", message: `must be one of ${allow}` }];
  const error = new CoatcheckError("VALIDATION_FAILED", `Method not allowed; this path allows ${allow}.`, {
    faults,
  });
  return sendKnownError(error, request, reply.header("allow", allow), 405);
}

/** Sends a `CoatcheckError`. `status` overrides the status of the error's code. */
export function sendKnownError(
  error: CoatcheckError,
  request: FastifyRequest,
  reply: FastifyReply,
  status = error.status,
): FastifyReply {
  if (error.status >= 500) request.log.error({ err: error.cause ?? error }, error.message);
  if (error.status === 401) reply.header("www-authenticate", "Bearer");
  if (error.retryAfter !== undefined) reply.header("retry-after", error.retryAfter);
  if (error.code === "PAYLOAD_TOO_LARGE" && !request.raw.complete) {
    // Read the body until the timeout: if the connection were closed while the client still sends, the response would
    // be lost.
    reply.removeHeader("connection");
    const disconnect = setTimeout(() => request.raw.destroy(), DRAIN_TIMEOUT).unref();
    request.raw.once("close", () => clearTimeout(disconnect));
  }
  return reply
    .code(status)
    .headers({ "x-request-id": request.id, "cache-control": "no-store" })
    .type("application/json; charset=utf-8")
    .serializer(JSON.stringify)
    .send(errorBody(error));
}

/** Converts an error of Fastify or its plugins to a `CoatcheckError`. */
export function toCoatcheckError(error: unknown): CoatcheckError {
  if (error instanceof CoatcheckError) return error;
  if (error instanceof Error) {
    const { code, statusCode = 500, message } = error as Partial<FastifyError> & Error;
    switch (code) {
      case "FST_ERR_CTP_BODY_TOO_LARGE":
        return new CoatcheckError("PAYLOAD_TOO_LARGE", "The request body is too large.");
      case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
        return invalidInputError("request", [{ path: "content-type", message: "must be application/json" }]);
      default:
        if (statusCode < 500) return invalidInputError("request", [{ path: "", message }]);
    }
  }
  return new CoatcheckError(
    "STORE_UNAVAILABLE",
    "The service is temporarily unavailable; try again shortly.",
    {
      cause: error,
    },
  );
}
