import { CoatcheckError, errorBody, type Fault } from "coatcheck";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";

/** Milliseconds that the rest of a body is read and dropped that is larger than the service takes. */
const PATIENCE = 10_000;

/** Answers with an error: the one envelope, whatever went wrong. What is our own failing is logged with its cause. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return answerKnown(knownError(error), request, reply);
}

/** There is no code for a path that nothing answers at, and `SESSION_NOT_FOUND` would make clients drop their session. */
export function answerNoRoute(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const faults = [{ path: "url", message: "names no route" }];
  const message = "Nothing answers to this method and path; see /docs.";
  return answerKnown(new CoatcheckError("VALIDATION_FAILED", message, { faults }), request, reply, 404);
}

/** Answers with a known error, under another status where its code has none that fits. */
export function answerKnown(
  known: CoatcheckError,
  request: FastifyRequest,
  reply: FastifyReply,
  status = known.status,
): FastifyReply {
  if (known.status >= 500) request.log.error({ err: known.cause ?? known }, known.message);
  if (known.status === 401) reply.header("www-authenticate", "Bearer");
  if (known.retryAfter !== undefined) reply.header("retry-after", known.retryAfter);
  if (known.code === "PAYLOAD_TOO_LARGE" && !request.raw.complete) {
    // Hanging up at once on a client that still sends would take the answer back; the rest is dropped for a while.
    reply.removeHeader("connection");
    const hangUp = setTimeout(() => request.raw.destroy(), PATIENCE).unref();
    request.raw.once("close", () => clearTimeout(hangUp));
  }
  return reply
    .code(status)
    .headers({ "x-request-id": request.id, "cache-control": "no-store" })
    .type("application/json; charset=utf-8")
    .serializer(JSON.stringify)
    .send(errorBody(known));
}

/** Turns what Fastify and its plugins throw into an error of the closed union. */
export function knownError(error: unknown): CoatcheckError {
  if (error instanceof CoatcheckError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    return new CoatcheckError("VALIDATION_FAILED", "The request does not have the right shape.", {
      faults: error.validation.flatMap(({ instancePath, message, params }) =>
        faultsOf(instancePath.split("/").filter(Boolean).join("."), message ?? "will not do", params),
      ),
    });
  }
  if (error instanceof Error) {
    const { code, statusCode = 500, message } = error as Partial<FastifyError> & Error;
    switch (code) {
      case "FST_ERR_CTP_BODY_TOO_LARGE":
        return new CoatcheckError("PAYLOAD_TOO_LARGE", "The body is larger than this service takes.");
      case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
        return invalid("The body must be JSON.", "content-type", "must be application/json");
      default:
        if (statusCode < 500) return invalid("The request cannot be read.", "", message);
    }
  }
  return new CoatcheckError(
    "STORE_UNAVAILABLE",
    "The service cannot do this at the moment; try again shortly.",
    {
      cause: error,
    },
  );
}

function invalid(message: string, path: string, fault: string): CoatcheckError {
  return new CoatcheckError("VALIDATION_FAILED", message, { faults: [{ path, message: fault }] });
}

function faultsOf(path: string, message: string, params: Record<string, unknown>): Fault[] {
  if (!Array.isArray(params.keys)) return [{ path, message }];
  return params.keys.map((key) => ({
    path: path ? `${path}.${key}` : String(key),
    message: "is not known here",
  }));
}
