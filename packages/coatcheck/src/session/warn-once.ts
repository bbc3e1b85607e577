/** The messages that this process has emitted. */
const emittedMessages = new Set<string>();

/**
 * Emits a process warning for a probable mistake in the options. Emits each message once. Emits no message in
 * production.
 *
 * @param code the `code` of the warning.
 */
export function warnOnce(message: string, code: string): void {
  if (process.env.NODE_ENV === "production" || emittedMessages.has(message)) return;
  emittedMessages.add(message);
  process.emitWarning(message, { code });
}
