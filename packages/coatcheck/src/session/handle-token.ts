import type { SessionRecord } from "./record.ts";
import type { SessionStart } from "./start.ts";
import type { PresentedToken, TokenRules } from "./token-rules.ts";

/**
 * Holds the token that a session handle uses: the token of the request or, once the handle has issued a new token, that
 * new token.
 */
export class HandleToken {
  readonly #tokens: TokenRules;
  #presented: PresentedToken | null;
  #isOlder: boolean;

  constructor(tokens: TokenRules, { presentedToken, isOlderToken }: SessionStart) {
    this.#tokens = tokens;
    this.#presented = presentedToken === null ? null : tokens.parse(presentedToken);
    this.#isOlder = isOlderToken;
  }

  /** The token; null for a visitor without a session. */
  get presented(): PresentedToken | null {
    return this.#presented;
  }

  /** Continues with a new token, which the handle has just issued. */
  replaceWith(token: string): void {
    this.#presented = this.#tokens.parse(token);
    this.#isOlder = false;
  }

  /** Whether a periodic rotation may replace the token. An older token must not start another rotation. */
  get isRotatable(): boolean {
    return this.#presented !== null && !this.#isOlder;
  }

  /** Returns the record with the elevations that this token may use. An older token has no elevations. */
  withElevations(record: SessionRecord | null): SessionRecord | null {
    return record && this.#isOlder ? { ...record, elevations: {} } : record;
  }
}
