import { describeValue, usageError } from "../session/usage-error.ts";

/**
 * Checks the argument `manager`. A manager is recognized by one of its methods and not by its class, because an
 * application may contain two copies of this package. That method is not `resume`: Express passes a request if
 * `coatcheck` is mounted without parentheses, and requests have a method `resume` too.
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
