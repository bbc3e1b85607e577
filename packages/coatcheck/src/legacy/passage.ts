import { type Cookie, cookieValues } from "../http/cookie.ts";
import { addVary, type HttpRequest, type ResponseHead } from "../http/message.ts";
import type { Claim } from "./claims.ts";

/**
 * What became of a request.
 *
 * - `absent`: it carries no older session, or a session of ours that is not to be touched.
 * - `settled`: the browser is logged in with a session of ours.
 * - `migrated`: it goes on with the session that was made of the older one, now or a moment ago.
 * - `spent`: a browser has long been using that session; the older cookie opens nothing any more.
 * - `ended`: that session was revoked or has expired.
 * - `expired`: the older session is past its time, or its system knows it no more.
 * - `rejected`: the application turned it away.
 * - `crowded`: the subject has as many sessions as the policy lets it have.
 * - `unreadable`: garbage, forged, or made with a key that is not known here.
 */
export type Outcome =
  | "absent"
  | "settled"
  | "migrated"
  | "spent"
  | "ended"
  | "expired"
  | "rejected"
  | "crowded"
  | "unreadable";

/** The token that a request goes on with, and where it is to be put. */
interface Onward {
  readonly claim: Extract<Claim, { state: "open" }>;
  readonly cookie: Cookie;
  /** The `Cookie` header that the request came with. */
  readonly header: string;
}

/** What stands before `coatcheck()` and lets requests through. */
export interface Gate {
  /** Decides what a request goes on with. */
  pass(request: HttpRequest): Promise<Passage>;
}

/** How a request gets past the migration, and what its response has to say of it. */
export class Passage {
  readonly outcome: Outcome;
  readonly #clears: readonly string[];
  readonly #onward: Onward | null;

  constructor(outcome: Outcome, clears: readonly string[] = [], onward: Onward | null = null) {
    this.outcome = outcome;
    this.#clears = clears;
    this.#onward = onward;
  }

  /** The `Cookie` header that the request goes on with; undefined when it stays as it is. */
  get cookieHeader(): string | undefined {
    if (this.#onward === null) return undefined;
    const { claim, cookie, header } = this.#onward;
    const others = header.split(";").filter((pair) => cookieValues(pair, cookie.name).length === 0);
    return [`${cookie.name}=${claim.token}`, ...others.map((pair) => pair.trim())].join("; ");
  }

  /** Whether the response has something to say. */
  get isSilent(): boolean {
    return this.#clears.length === 0 && this.#onward === null;
  }

  /** Puts onto the response what the browser has to know. Call it when the headers are about to leave. */
  tell(head: ResponseHead): void {
    if (this.isSilent) return;
    // A cache that kept this would hand one browser's session to others.
    head.set("cache-control", "private, no-store");
    addVary(head, "Cookie");
    for (const clear of this.#clears) head.append("set-cookie", clear);
    if (this.#onward === null) return;
    const { cookie, claim } = this.#onward;
    // The handler may have gone on from here: logged out, or risen in privilege.
    if (` ${head.get("set-cookie")}`.includes(` ${cookie.name}=`)) return;
    head.append("set-cookie", cookie.set(claim.token, ageOf(claim)));
  }
}

/** As of any login: until the browser closes, unless it is to be remembered; seconds. */
function ageOf({ record }: Onward["claim"]): number | undefined {
  return record.remembered ? (record.expiresAt - record.createdAt) / 1000 : undefined;
}
