import { CoatcheckError } from "../session/errors.ts";
import type { KeyRing } from "../session/key-ring.ts";
import { upstreamUnavailableError } from "./errors.ts";
import { mergeCookies, type StoredCookie } from "./jar.ts";

/**
 * Maximum number of attempts to write the credentials. An attempt fails only if another request has written the
 * credentials first.
 */
const MAX_ATTEMPTS = 20;

/**
 * Stores the upstream credentials of one session: one encrypted text of about 1 KB, or null before the first request.
 * {@link stateInSession} stores it in the session, so that any node can serve the next request.
 */
export interface UpstreamState {
  /** The id of the session. The encrypted text can only be decrypted with this id. */
  readonly sessionId: string;
  /** Reads the stored text from the primary store, never from a cache. */
  read(): Promise<string | null>;
  /**
   * Atomic compare-and-set: stores `next` if the stored text equals `expected`.
   *
   * @returns the text stored afterwards: `next` on success, otherwise the text that was stored instead.
   */
  swap(expected: string | null, next: string): Promise<string | null>;
}

/** The credentials of a session at the upstream. */
export interface UpstreamCredentials {
  /** The CSRF token; null when there is none. */
  readonly token: string | null;
  readonly cookies: readonly StoredCookie[];
  /** When the session began at the upstream, epoch milliseconds. Absent before its first cookie. */
  readonly startedAt?: number;
  /** When the session was logged in at the upstream, epoch milliseconds. Absent while logged out. */
  readonly loggedInAt?: number;
}

/** The changes that a response makes to the credentials. */
export interface CredentialChanges {
  /** `cookiesBefore`: the cookies that were sent with the request. `cookiesAfter`: the cookies after its response. */
  readonly cookiesBefore: readonly StoredCookie[];
  readonly cookiesAfter: readonly StoredCookie[];
  /** The token when the request was sent, and the new token from the response. */
  readonly token?: { readonly before: string | null; readonly after: string };
  /** New times of the session; null removes a time. */
  readonly times?: { readonly startedAt?: number | null; readonly loggedInAt?: number | null };
}

const NO_CREDENTIALS: UpstreamCredentials = { token: null, cookies: [] };

/** A session's upstream credentials, as last read from or written to its {@link UpstreamState}. */
export class UpstreamSession {
  readonly #state: UpstreamState;
  readonly #ring: KeyRing;
  #text: string | null = null;
  #credentials = NO_CREDENTIALS;

  constructor(state: UpstreamState, ring: KeyRing) {
    this.#state = state;
    this.#ring = ring;
  }

  /** The id of the session that the credentials belong to. */
  get id(): string {
    return this.#state.sessionId;
  }

  get credentials(): UpstreamCredentials {
    return this.#credentials;
  }

  /**
   * Reads the stored credentials.
   *
   * @throws CoatcheckError `UPSTREAM_UNAVAILABLE` when no secret decrypts them. The stored text stays as it is.
   */
  async read(): Promise<void> {
    this.#setStoredText(await this.#state.read());
  }

  /**
   * Stores `next` unless the stored credentials changed since they were last read. In that case it returns false and
   * loads the stored credentials.
   */
  async replace(next: UpstreamCredentials): Promise<boolean> {
    const text = this.#ring.encrypt(JSON.stringify(next), this.#state.sessionId);
    const stored = await this.#state.swap(this.#text, text);
    if (stored !== text) {
      this.#setStoredText(stored);
      return false;
    }
    this.#text = text;
    this.#credentials = next;
    return true;
  }

  /**
   * Merges the changes that a response makes into the stored credentials. A token or cookie that another request has
   * stored in the meantime is kept. Retries when another request writes at the same time.
   *
   * @throws CoatcheckError `CONFLICT` after 20 failed attempts.
   */
  async save(changes: CredentialChanges): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const current = this.#credentials;
      const next = applyChanges(current, changes);
      if (next === current || (await this.replace(next))) return;
    }
    throw new CoatcheckError(
      "CONFLICT",
      "Too many concurrent requests have changed this session's state; try again.",
    );
  }

  #setStoredText(text: string | null): void {
    if (text !== this.#text) this.#credentials = this.#decrypt(text);
    this.#text = text;
  }

  #decrypt(text: string | null): UpstreamCredentials {
    if (text === null) return NO_CREDENTIALS;
    const plaintext = this.#ring.decrypt(text, this.#state.sessionId);
    if (plaintext === null) {
      throw upstreamUnavailableError(
        "cannot be used: no configured secret decrypts this session's upstream cookies",
      );
    }
    return JSON.parse(plaintext) as UpstreamCredentials;
  }
}

/** Returns `current` itself when nothing changes. */
function applyChanges(
  current: UpstreamCredentials,
  { cookiesBefore, cookiesAfter, token, times }: CredentialChanges,
): UpstreamCredentials {
  const cookies = mergeCookies(cookiesBefore, cookiesAfter, current.cookies);
  const takesToken = token !== undefined && token.before === current.token && token.after !== token.before;
  if (cookies === current.cookies && !takesToken && times === undefined) return current;
  const { startedAt, loggedInAt, ...rest } = { ...current, ...times };
  return {
    ...rest,
    cookies,
    token: takesToken ? token.after : current.token,
    ...(typeof startedAt === "number" ? { startedAt } : {}),
    ...(typeof loggedInAt === "number" ? { loggedInAt } : {}),
  };
}
