import { CoatcheckError } from "../session/errors.ts";
import type { KeyRing } from "../session/key-ring.ts";
import { upstreamUnavailable } from "./errors.ts";
import { mergeCookies, type StoredCookie } from "./jar.ts";

/** Each failed attempt means that another write succeeded. Give up after this many in a row. */
const MAX_ATTEMPTS = 20;

/**
 * Storage for the upstream credentials of one session: one encrypted text of about 1 KB, or null before the first
 * request. {@link stateInSession} implements it on the session itself, so that any node can serve the next request.
 */
export interface UpstreamState {
  /** The encrypted text is bound to this id, and does not decrypt for another session. */
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

/** The upstream credentials of a session: its CSRF token (null when there is none) and its cookies. */
export interface UpstreamCredentials {
  readonly token: string | null;
  readonly cookies: readonly StoredCookie[];
}

/** A session's upstream credentials, as last read from or written to its {@link UpstreamState}. */
export class UpstreamSession {
  readonly #state: UpstreamState;
  readonly #ring: KeyRing;
  #text: string | null = null;
  #credentials: UpstreamCredentials = { token: null, cookies: [] };

  constructor(state: UpstreamState, ring: KeyRing) {
    this.#state = state;
    this.#ring = ring;
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
    this.#adopt(await this.#state.read());
  }

  /**
   * Stores `next` unless the stored credentials changed since they were last read. In that case it returns false and
   * loads the stored ones.
   */
  async replace(next: UpstreamCredentials): Promise<boolean> {
    const text = this.#ring.encrypt(JSON.stringify(next), this.#state.sessionId);
    const stored = await this.#state.swap(this.#text, text);
    if (stored !== text) {
      this.#adopt(stored);
      return false;
    }
    this.#text = text;
    this.#credentials = next;
    return true;
  }

  /**
   * Merges the cookies that a response changed into the state. Retries when another request writes at the same time.
   *
   * @throws CoatcheckError `CONFLICT` after 20 failed attempts.
   */
  async saveCookies(before: readonly StoredCookie[], after: readonly StoredCookie[]): Promise<void> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const { token, cookies } = this.#credentials;
      const merged = mergeCookies(before, after, cookies);
      if (merged === cookies || (await this.replace({ token, cookies: merged }))) return;
    }
    throw new CoatcheckError("CONFLICT", "Too many concurrent updates of this session; retry.");
  }

  #adopt(text: string | null): void {
    if (text !== this.#text) this.#credentials = this.#decode(text);
    this.#text = text;
  }

  #decode(text: string | null): UpstreamCredentials {
    if (text === null) return { token: null, cookies: [] };
    const plaintext = this.#ring.decrypt(text, this.#state.sessionId);
    if (plaintext === null) {
      throw upstreamUnavailable(
        "cannot be used: no configured secret decrypts this session's upstream cookies",
      );
    }
    return JSON.parse(plaintext) as UpstreamCredentials;
  }
}
