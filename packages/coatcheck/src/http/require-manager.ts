import { describeValue, usageError } from "../session/usage-error.ts";

/**
 * Checks the argument `manager`. It is recognized by a method and not by its class: an application may have two copies
 * of this package. The method is not `resume`, which a request has too: Express passes the request if `coatcheck` is
 * mounted without its call.
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
