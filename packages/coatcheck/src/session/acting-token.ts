import type { SessionRecord } from "./record.ts";
import type { SessionStart } from "./start.ts";
import type { PresentedToken, TokenRules } from "./token-rules.ts";

/** The token that a handle acts with: the request's, and after a change of token its own new one. */
export class ActingToken {
  readonly #tokens: TokenRules;
  #presented: PresentedToken | null;
  #isOlder: boolean;

  constructor(tokens: TokenRules, { presentedToken, isOlderToken }: SessionStart) {
    this.#tokens = tokens;
    this.#presented = presentedToken === null ? null : tokens.presented(presentedToken);
    this.#isOlder = isOlderToken;
  }

  /** Null for a visitor without a session. */
  get presented(): PresentedToken | null {
    return this.#presented;
  }

  /** The handle has received a new token. */
  replaceWith(token: string): void {
    this.#presented = this.#tokens.presented(token);
    this.#isOlder = false;
  }

  /** Whether a periodic rotation may replace it: an older token must not start another one. */
  get isRotatable(): boolean {
    return this.#presented !== null && !this.#isOlder;
  }

  /** The record with the elevations that this token has. An older token has none. */
  elevated(record: SessionRecord | null): SessionRecord | null {
    return record && this.#isOlder ? { ...record, elevations: {} } : record;
  }
}
