import type { FailedOperation, SessionEmitter } from "./events.ts";

/** The operations for which this process has already emitted a warning. */
const warnedOperations = new Set<FailedOperation>();

/** A mistake of the program whose error reaches no handler. */
interface Mistake {
  readonly operation: FailedOperation;
  readonly error: Error;
  /** The `code` of the process warning. */
  readonly warningCode: string;
}

/** Emits `failed`. Outside production, also emits a process warning, once per operation. */
export function reportMistake(
  events: Pick<SessionEmitter, "publish">,
  { operation, error, warningCode }: Mistake,
): void {
  events.publish("failed", { operation, error });
  if (process.env.NODE_ENV === "production" || warnedOperations.has(operation)) return;
  warnedOperations.add(operation);
  process.emitWarning(error.message, { code: warningCode });
}
