import { errors } from "jose";
import { CoatcheckError } from "../session/errors.ts";

/** The error of a JWT that is refused. `problem`: the reason, such as "is malformed". */
export function invalid(problem: string, cause?: unknown): CoatcheckError {
  return new CoatcheckError("JWT_INVALID", `The JWT ${problem}.`, { cause });
}

/** The error of a JWT whose time is over: the client refreshes it. */
export function expired(cause?: unknown): CoatcheckError {
  return new CoatcheckError("JWT_EXPIRED", "The JWT has expired; refresh it.", { cause });
}

/** The reason why jose refused a JWT. Names claims, and never repeats their values. */
export function reasonOf(error: InstanceType<typeof errors.JOSEError>): string {
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === "typ"
      ? "is for another purpose"
      : `has another or no valid claim "${error.claim}"`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return "has an algorithm that its key does not have";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "has an invalid signature";
  return "is malformed";
}
