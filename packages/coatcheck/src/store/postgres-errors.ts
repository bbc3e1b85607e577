import { CoatcheckError } from "../session/errors.ts";

/** What a code means to whoever runs the service: SQLSTATE (PostgreSQL, appendix A) or a system error of Node's. */
const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "PostgreSQL is not running where the URL says.",
  ENOTFOUND: "There is no host of the name that PostgreSQL's URL gives.",
  "28000": "PostgreSQL does not let this user in.",
  "28P01": "PostgreSQL refuses the user or password.",
  "3D000": "PostgreSQL has no database of this name.",
  "42501": "The PostgreSQL user may not do this; it needs to create and use tables in its schema.",
  "25006": "PostgreSQL is a read-only replica; connect to the primary.",
  "55000": "PostgreSQL is a replica, or still recovering; connect to the primary.",
  "53100": "PostgreSQL's disk is full.",
  "53300": "PostgreSQL has no connection left; raise max_connections or use fewer.",
  "57P01": "PostgreSQL was shut down; try again shortly.",
  "57P03": "PostgreSQL is starting up; try again shortly.",
};

/** `STORE_UNAVAILABLE`, saying what is the matter when the server's own words tell. */
export function postgresUnavailable(cause: unknown): CoatcheckError {
  if (cause instanceof CoatcheckError) return cause;
  const message = MEANINGS[codeOf(cause)] ?? "PostgreSQL did not answer; try again shortly.";
  return new CoatcheckError("STORE_UNAVAILABLE", message, { cause });
}

/** A host with several addresses fails with one error for each of them. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
