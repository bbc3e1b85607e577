/* The type check compiles this file; no test runs it. The line below each `@ts-expect-error` must not compile. */
import type { KnownOptions } from "../../src/session/known-options.ts";

interface Options {
  readonly path: string;
  readonly timeout?: number;
}
type OptionUnion = { readonly url: string; readonly timeout?: number } | { readonly pool: object };

export const allOptions = { path: true, timeout: true } satisfies KnownOptions<Options>;
export const allOptionsOfUnion = { url: true, timeout: true, pool: true } satisfies KnownOptions<OptionUnion>;

// @ts-expect-error: an option is missing
export const missingOption = { path: true } satisfies KnownOptions<Options>;
// @ts-expect-error: an option of one member of the union is missing
export const missingOptionOfUnion = { url: true, timeout: true } satisfies KnownOptions<OptionUnion>;
// @ts-expect-error: there is no such option
export const unknownOption = { path: true, timeout: true, retries: true } satisfies KnownOptions<Options>;
