import { CoatcheckError } from "../session/errors.ts";
import { upstreamUnavailable } from "./errors.ts";
import { mergeCookies, type StoredCookie } from "./jar.ts";
import type { KeyRing } from "./keys.ts";

/** Every round somebody else's write got through; so many in a row lost means that something is wrong. */
const MOST_ATTEMPTS = 20;

/**
 * Where one session's standing at the upstream is kept: one encrypted text of about 1 KB, or null before first contact.
 * The session itself keeps it, so that any node can serve the next request.
 */
export interface UpstreamState {
  /** The text is bound to this id and decrypts for no other. */
  readonly sessionId: string;
  /** What is stored now: a primary read, not one from a cache. */
  read(): Promise<string | null>;
  /**
   * Compare-and-set, one atomic step: stores `next` if `expected` is what is stored.
   *
   * @returns what is stored afterwards: `next` if it went in, else what was there instead.
   */
  swap(expected: string | null, next: string): Promise<string | null>;
}

/** How a session stands with the upstream: the CSRF token it was given, and its cookies. */
export interface Standing {
  readonly token: string | null;
  readonly cookies: readonly StoredCookie[];
}

/** A session's standing as last read or written through its state. */
export class Account {
  readonly #state: UpstreamState;
  readonly #ring: KeyRing;
  #text: string | null = null;
  #standing: Standing = { token: null, cookies: [] };

  constructor(state: UpstreamState, ring: KeyRing) {
    this.#state = state;
    this.#ring = ring;
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** @throws CoatcheckError `UPSTREAM_UNAVAILABLE` when no secret opens what is stored; it is left as it is. */
  async read(): Promise<void> {
    this.#adopt(await this.#state.read());
  }

  /** Stores `next` if nobody stored anything meanwhile; else holds what they stored, and answers false. */
  async replace(next: Standing): Promise<boolean> {
    const text = this.#ring.encrypt(JSON.stringify(next), this.#state.sessionId);
    const stored = await this.#state.swap(this.#text, text);
    if (stored !== text) {
      this.#adopt(stored);
      return false;
    }
    this.#text = text;
    this.#standing = next;
    return true;
  }

  /**
   * Carries what an answer changed of the cookies into the state, however often others write at the same time.
   *
   * @throws CoatcheckError `CONFLICT` when they never stop.
   */
  async record(before: readonly StoredCookie[], after: readonly StoredCookie[]): Promise<void> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const { token, cookies } = this.#standing;
      const merged = mergeCookies(before, after, cookies);
      if (merged === cookies || (await this.replace({ token, cookies: merged }))) return;
    }
    throw new CoatcheckError("CONFLICT", "The session is being changed all the time; try again.");
  }

  #adopt(text: string | null): void {
    if (text !== this.#text) this.#standing = this.#decode(text);
    this.#text = text;
  }

  #decode(text: string | null): Standing {
    if (text === null) return { token: null, cookies: [] };
    const plaintext = this.#ring.decrypt(text, this.#state.sessionId);
    if (plaintext === null) {
      throw upstreamUnavailable("cannot be asked: no secret opens what is kept of this session's cookies");
    }
    return JSON.parse(plaintext) as Standing;
  }
}
