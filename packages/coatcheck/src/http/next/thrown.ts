import { UsageError } from "../../session/usage-error.ts";

const FORBIDDEN_IN_CACHE_MESSAGE =
  'A session was read inside "use cache": the result would outlive the session, or reach other visitors. Read the session outside, and pass what the cached function needs as an argument, such as the subject.';

/** Whether an error was thrown by `redirect()`, `notFound()`, `unauthorized()` or `forbidden()` to end a handler. */
export function isControlFlow(error: unknown): boolean {
  const digest: unknown = error instanceof Error && Reflect.get(error, "digest");
  return typeof digest === "string" && /^NEXT_(REDIRECT|HTTP_ERROR_FALLBACK)(;|$)/.test(digest);
}

/**
 * Returns the status of an error from `notFound()`, `unauthorized()` or `forbidden()`; null for any other error.
 * Next.js itself would respond without the cookies that the handler has set.
 */
export function controlFlowStatus(error: unknown): number | null {
  if (!isControlFlow(error)) return null;
  const [, status] =
    /^NEXT_HTTP_ERROR_FALLBACK;(\d{3})$/.exec(String(Reflect.get(error as Error, "digest"))) ?? [];
  return status === undefined ? null : Number(status);
}

/**
 * Reads the request of a server component. Next.js forbids that inside `"use cache"`; the error then says what to do
 * instead.
 *
 * @throws UsageError inside `"use cache"`.
 */
export async function readRequest<Value>(read: () => Promise<Value>): Promise<Value> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Error) || !/inside ["`]+(use cache|unstable_cache)/.test(error.message))
      throw error;
    throw Object.assign(new UsageError(FORBIDDEN_IN_CACHE_MESSAGE, []), { cause: error });
  }
}
