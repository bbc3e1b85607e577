import { CoatcheckError, type Fault } from "../session/errors.ts";
import { headerFault, urlOf } from "./request.ts";

/** Where in an answer the CSRF token stands. */
export type CsrfSource =
  /** A field of a JSON body; `data.csrfToken` goes into objects. */
  | { readonly json: string }
  | { readonly header: string }
  /** A cookie that is to be repeated (double submit). Percent-encoding is taken off, as browsers' clients do. */
  | { readonly cookie: string }
  /** `<meta name="…" content="token">`. */
  | { readonly meta: string }
  /** `<input name="…" value="token">`. */
  | { readonly input: string };

/** How the upstream hands out its CSRF token, and how it wants it back with every unsafe request. */
export interface CsrfOptions {
  /** Where it is fetched, with GET, below `baseUrl`. */
  readonly path: string;
  readonly source: CsrfSource;
  /** A header, or a member of the JSON object or form that is sent. */
  readonly sendAs: { readonly header: string } | { readonly field: string };
}

/** What {@link createUpstream} takes. */
export interface UpstreamOptions {
  /** Origin, and a path that every request is below. No other origin is ever contacted. */
  readonly baseUrl: string;
  /** Null when the upstream wants no token. */
  readonly csrf: CsrfOptions | null;
  /** Encrypt what is kept of each session, newest first; 16 characters or more each. */
  readonly secrets: readonly string[];
  /** Deadline of a request, milliseconds: its turn, the token, redirects and retries included. Default 10,000. */
  readonly timeout?: number;
  /** How often a safe request is repeated when the upstream does not answer or says 502, 503 or 504. Default 2. */
  readonly retries?: number;
  /** Largest answer, bytes, after decompression as before. Default 2 MiB. */
  readonly answerLimit?: number;
  /** Most connections at once; further requests wait for one. Default 64. */
  readonly connections?: number;
  /** Opens after so many failures in a row, and lets one request try again after so many milliseconds. Default 5, 1,000. */
  readonly breaker?: { readonly failures: number; readonly halfOpenAfter: number };
}

/** The options with their defaults filled in. */
export interface ResolvedOptions extends Required<Omit<UpstreamOptions, "baseUrl">> {
  readonly baseUrl: URL;
}

/**
 * Fills in the defaults and checks what was given.
 *
 * @throws CoatcheckError `VALIDATION_FAILED` with the path of each fault.
 */
export function resolveOptions(given: UpstreamOptions): ResolvedOptions {
  const options = {
    timeout: 10_000,
    retries: 2,
    answerLimit: 2 * 1024 * 1024,
    connections: 64,
    breaker: { failures: 5, halfOpenAfter: 1000 },
    ...given,
  };
  const faults: Fault[] = [];
  const baseUrl = URL.parse(given.baseUrl);
  if (!baseUrl || !/^https?:$/.test(baseUrl.protocol)) {
    faults.push({ path: "baseUrl", message: "must be an http or https URL" });
  } else if (baseUrl.username || baseUrl.password || baseUrl.search || baseUrl.hash) {
    faults.push({ path: "baseUrl", message: "must have no user, query or fragment" });
  }
  const { csrf } = options;
  if (csrf && baseUrl && !urlOf(csrf.path, baseUrl)) {
    faults.push({ path: "csrf.path", message: "must start with / and stay below the base URL" });
  }
  const tokenFault = csrf && "header" in csrf.sendAs ? headerFault(csrf.sendAs.header, "token") : null;
  if (tokenFault) faults.push({ path: "csrf.sendAs.header", message: tokenFault });
  const least: [string, number, number][] = [
    ["timeout", options.timeout, 1],
    ["retries", options.retries, 0],
    ["answerLimit", options.answerLimit, 1],
    ["connections", options.connections, 1],
    ["breaker.failures", options.breaker.failures, 1],
    ["breaker.halfOpenAfter", options.breaker.halfOpenAfter, 1],
  ];
  for (const [path, value, minimum] of least) {
    if (!Number.isSafeInteger(value) || value < minimum) {
      faults.push({ path, message: `must be a whole number, ${minimum} or more` });
    }
  }
  if (!baseUrl || faults.length > 0) {
    throw new CoatcheckError("VALIDATION_FAILED", "The upstream's options will not do.", { faults });
  }
  return { ...options, baseUrl };
}
