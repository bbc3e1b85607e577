import { CoatcheckError } from "../../session/errors.ts";

/** Messages for operators, by SQLSTATE (PostgreSQL documentation, appendix A) or by Node's system error code. */
const ERROR_MESSAGES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Cannot connect to PostgreSQL: nothing listens at the host and port of the URL.",
  ENOTFOUND: "Cannot connect to PostgreSQL: the host name of the URL does not exist.",
  "08P01":
    "PostgreSQL, or a pooler before it, does not accept a parameter of the connection; remove options from the URL, and " +
    "set them for the role.",
  "28000": "PostgreSQL does not allow this user to connect; check pg_hba.conf and the user name.",
  "28P01": "PostgreSQL rejected the user name or password.",
  "3D000": "The PostgreSQL database of the URL does not exist; create it.",
  "42501": "The PostgreSQL user lacks a privilege; it must be able to create and use tables in its schema.",
  "25006": "PostgreSQL is a read-only replica; connect to the primary.",
  "55000": "PostgreSQL is a replica or is still recovering; connect to the primary.",
  "53100": "PostgreSQL's disk is full.",
  "53300": "PostgreSQL has no free connection; raise max_connections or use fewer connections.",
  "57P01": "PostgreSQL is shutting down; try again shortly.",
  "57P02": "PostgreSQL has crashed and is recovering; try again shortly.",
  "57P03": "PostgreSQL is starting up; try again shortly.",
};

/**
 * Error codes of a server that is no longer the primary or is shutting down. A new connection may reach another server.
 */
const WRONG_SERVER_CODES = new Set(["25006", "55000", "57P01", "57P02", "57P03"]);

/** Whether a new connection may reach a server that accepts the statement. */
export function isWrongServer(error: unknown): boolean {
  return WRONG_SERVER_CODES.has(errorCodeOf(error));
}

/**
 * Whether a prepared statement failed because the server process does not know its name, or already uses the name. This
 * happens when a transaction pooler moves the client to another server process. The statement has had no effect.
 */
export function isPreparedStatementError(error: unknown): boolean {
  return ["26000", "42P05"].includes(errorCodeOf(error));
}

/** SQLSTATE: five characters. Node's system errors such as `EPIPE` begin with an E; no SQLSTATE does. */
const SQLSTATE_PATTERN = /^(?:\d|F0|HV|P0|XX)[\dA-Z]{3,4}$/;
/**
 * SQLSTATE classes of errors that concern the whole server: connection, resources, operator intervention, system,
 * internal.
 */
const SERVER_ERROR_CLASS_PATTERN = /^(?:08|53|57|58|XX)/;

/**
 * Whether the error is an outage, which must be reported to operators. False if the server rejected only this
 * statement.
 */
export function isOutage(error: unknown): boolean {
  const code = errorCodeOf(error);
  return !SQLSTATE_PATTERN.test(code) || code in ERROR_MESSAGES || SERVER_ERROR_CLASS_PATTERN.test(code);
}

/** Whether a pooler rejected the settings in the connection's options. */
export function isOptionsRejected(error: unknown): boolean {
  return (
    errorCodeOf(error) === "08P01" &&
    error instanceof Error &&
    /startup parameter.*options/.test(error.message)
  );
}

/** Wraps a driver's error in `STORE_UNAVAILABLE`. The message explains the error if its code is known. */
export function postgresUnavailableError(cause: unknown): CoatcheckError {
  if (cause instanceof CoatcheckError) return cause;
  const message = ERROR_MESSAGES[errorCodeOf(cause)] ?? "PostgreSQL did not respond; try again shortly.";
  return new CoatcheckError("STORE_UNAVAILABLE", message, { cause });
}

/**
 * Returns the code of an error. A host with several addresses fails with one error per address; the first one decides.
 */
function errorCodeOf(error: unknown): string {
  if (error instanceof AggregateError) return errorCodeOf(error.errors[0]);
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
