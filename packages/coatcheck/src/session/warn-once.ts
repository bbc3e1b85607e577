/** The messages that this process has emitted. */
const emitted = new Set<string>();

/**
 * Emits a process warning for a probable mistake in the options. Each message is emitted once, and none in production.
 *
 * @param code the `code` of the warning.
 */
export function warnOnce(message: string, code: string): void {
  if (process.env.NODE_ENV === "production" || emitted.has(message)) return;
  emitted.add(message);
  process.emitWarning(message, { code });
}
