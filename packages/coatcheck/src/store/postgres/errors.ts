import { CoatcheckError } from "../../session/errors.ts";

/** Messages for operators, by SQLSTATE (PostgreSQL documentation, appendix A) or by Node's system error code. */
const MESSAGES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Cannot connect to PostgreSQL: nothing listens at the host and port of the URL.",
  ENOTFOUND: "Cannot connect to PostgreSQL: the host name of the URL does not exist.",
  "28000": "PostgreSQL does not allow this user to connect; check pg_hba.conf and the user name.",
  "28P01": "PostgreSQL rejected the user name or password.",
  "3D000": "The PostgreSQL database of the URL does not exist; create it.",
  "42501": "The PostgreSQL user lacks a privilege; it must be able to create and use tables in its schema.",
  "25006": "PostgreSQL is a read-only replica; connect to the primary.",
  "55000": "PostgreSQL is a replica or is still recovering; connect to the primary.",
  "53100": "PostgreSQL's disk is full.",
  "53300": "PostgreSQL has no free connection; raise max_connections or use fewer connections.",
  "57P01": "PostgreSQL is shutting down; try again shortly.",
  "57P03": "PostgreSQL is starting up; try again shortly.",
};

/** Wraps a driver's error in `STORE_UNAVAILABLE`. The message explains the error if its code is known. */
export function postgresUnavailable(cause: unknown): CoatcheckError {
  if (cause instanceof CoatcheckError) return cause;
  const message = MESSAGES[codeOf(cause)] ?? "PostgreSQL did not respond; try again shortly.";
  return new CoatcheckError("STORE_UNAVAILABLE", message, { cause });
}

/** The error's code. A host with several addresses fails with one error for each; the first one is used. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
