import { errors } from "jose";
import { CoatcheckError } from "../session/errors.ts";

/** Creates the error for a rejected JWT. `problem` completes the sentence "The JWT …", such as "is malformed". */
export function jwtInvalidError(problem: string, cause?: unknown): CoatcheckError {
  return new CoatcheckError("JWT_INVALID", `The JWT ${problem}.`, { cause });
}

/** Creates the error for an expired JWT, which the client must refresh. */
export function jwtExpiredError(cause?: unknown): CoatcheckError {
  return new CoatcheckError("JWT_EXPIRED", "The JWT has expired; refresh it.", { cause });
}

/** Returns the reason why jose rejected a JWT. Names claims, but never their values. */
export function rejectionReason(error: InstanceType<typeof errors.JOSEError>): string {
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === "typ"
      ? "is for another purpose"
      : `has another or no valid claim "${error.claim}"`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return "has an algorithm that its key does not have";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "has an invalid signature";
  return "is malformed";
}
