import { describeValue, usageError } from "../session/usage-error.ts";

/**
 * Checks the argument `manager`. It is recognized by a method and not by its class, because an application may contain
 * two copies of this package. The method `resume` is not used, because requests have it too: Express passes a request
 * if `coatcheck` is mounted without parentheses.
 *
 * @param call the call in the message, such as `coatcheck(manager, options)`.
 * @throws UsageError for anything but a session manager.
 */
export function requireManager(call: string, manager: unknown): void {
  if (typeof manager === "object" && manager !== null && "resumeDegraded" in manager) return;
  throw usageError(`call of ${call}`, [
    { path: "manager", message: `must be a SessionManager (got ${describeValue(manager)})` },
  ]);
}
