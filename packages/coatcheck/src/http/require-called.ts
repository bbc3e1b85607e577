import { usageError } from "../session/usage-error.ts";

/**
 * Checks that a function which returns middleware was called by the application. A function that is mounted without
 * parentheses receives the request as its argument. The middleware that it returns would never run, and the request
 * would never get a response.
 *
 * @param name the name of the function.
 * @param given the arguments.
 * @throws UsageError
 */
export function requireCalled(name: string, given: readonly unknown[]): void {
  if (given.length === 0) return;
  throw usageError(`call of ${name}()`, [
    { path: "", message: `was mounted without being called; mount ${name}(), with the parentheses` },
  ]);
}
