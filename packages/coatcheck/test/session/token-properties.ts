import type { SessionRecord } from "../../src/session/record.ts";
import { idOfToken, secretOfToken } from "../../src/session/token.ts";
import {
  ELEVATION_SCOPE,
  type HandlerAction,
  type Site,
  type SiteResponse,
  TOKEN_OVERLAP,
} from "./token-site.ts";

/** The subjects that the browser logs in as. */
export const USER_SUBJECTS = ["alice", "bob"] as const;
/** The number of older secrets that a session stores. */
const MAX_OLDER_SECRETS = 8;

/** A token that the site has issued. */
interface IssuedToken {
  readonly order: number;
  /**
   * Whether the token may have an elevation. That is so if an elevation issued it, or if it replaced a token that may
   * have an elevation.
   */
  readonly mayBeElevated: boolean;
  firstUse: number | null;
}

/** The error for a property that does not hold. */
export class Violation extends Error {
  readonly property: number;

  constructor(property: number, message: string) {
    super(`Property ${property}: ${message}`);
    this.property = property;
  }
}

/** A request that the site has handled: the action of its handler, the cookie that it sent, and the response. */
interface HandledRequest {
  readonly act: HandlerAction;
  readonly cookie: string | null;
  readonly response: SiteResponse | null;
}

/** Checks the properties of a site. See token-model.test.ts. */
export class TokenProperties {
  readonly #site: Site;
  readonly issued = new Map<string, IssuedToken>();
  readonly knownToAttacker = new Set<string>();
  /**
   * Tokens that an attacker who knows the application's secrets can derive from known tokens. None of them may be
   * valid.
   */
  readonly #guessedTokens: string[] = [];
  /** For each token, the time at which writes with that token began to fail with `CONFLICT`. */
  readonly #writesRefusedSince = new Map<string, number>();

  constructor(site: Site) {
    this.#site = site;
  }

  /**
   * Returns the data of all sessions of users, by session id. If `name` is set, returns only that member of the data.
   */
  async readUsersData(name?: string): Promise<Map<string, string>> {
    const records = (await this.#site.records()).filter(({ subject }) => isUser(subject));
    return new Map(records.map((record) => [record.id, serializeContent(record, name)]));
  }

  /**
   * Property 1: an action of the attacker changes no user's data. `before` is the result of {@link readUsersData}
   * before the action.
   */
  async requireSameData(before: ReadonlyMap<string, string>, name?: string): Promise<void> {
    if (before.size === 0) return;
    const after = await this.readUsersData(name);
    for (const [id, content] of before) {
      const now = after.get(id);
      // A login as another user replaces the data with initial data, which does not contain the attacker's last write.
      const isFresh = name !== undefined && now === "null";
      if (now !== undefined && now !== content && !isFresh) {
        throw new Violation(1, "the attacker changed the user's session.");
      }
    }
  }

  /**
   * Property 5: a logout ends the session, unless it uses an older token and the newer token was first used more than
   * one overlap ago.
   */
  async requireLogout({ act, cookie, response }: HandledRequest): Promise<void> {
    if (act.do !== "logout" || cookie === null || response?.error !== null) return;
    const record = await this.#site.manager.find(idOfToken(cookie));
    if (record?.state !== "active") return;
    const order = this.issued.get(cookie)?.order ?? 0;
    const newer = [...this.issued].filter(
      ([token, issued]) => idOfToken(token) === record.id && issued.order > order,
    );
    const isInUse = newer.some(
      ([, { firstUse }]) => firstUse !== null && firstUse + TOKEN_OVERLAP <= this.#site.now,
    );
    if (isInUse || newer.length > MAX_OLDER_SECRETS) return;
    throw new Violation(5, "a session outlived its logout although no newer token was in use.");
  }

  /** Checks properties 1 to 4 for a browser with the cookie `jar`. */
  async checkAll(jar: string | null): Promise<void> {
    await this.#requireNoOpenedToken();
    await this.#requireNoInheritedElevation();
    await this.#requireLogin(jar);
    await this.#requireWrite(jar);
  }

  /** Property 1: no token that the attacker knows opens the user's session. */
  async #requireNoOpenedToken(): Promise<void> {
    for (const token of [...this.knownToAttacker, ...this.#guessedTokens]) {
      if (isUser((await this.#site.openToken(token))?.subject ?? null)) {
        throw new Violation(1, "the attacker opened the user's session.");
      }
    }
  }

  /** Records that the attacker knows a token. */
  addKnownToken(token: string): void {
    if (this.knownToAttacker.has(token)) return;
    this.knownToAttacker.add(token);
    const { ring } = this.#site.manager;
    const id = idOfToken(token);
    this.#guessedTokens.push(ring.seal(id, ring.deriveSuccessor(id, secretOfToken(token))));
  }

  /**
   * Property 2: a token that was issued before an elevation has no elevation. A token that replaces it has none either.
   */
  async #requireNoInheritedElevation(): Promise<void> {
    if ((await this.#site.records()).every(({ elevations }) => Object.keys(elevations).length === 0)) return;
    for (const [token, { mayBeElevated }] of this.issued) {
      if (mayBeElevated) continue;
      if ((await this.#site.openToken(token))?.isElevated(ELEVATION_SCOPE)) {
        throw new Violation(2, "a token has an elevation that it was not issued with.");
      }
    }
  }

  /**
   * Property 3: if all pending requests are lost, a login succeeds at once, and the next read returns the user's
   * session.
   */
  async #requireLogin(jar: string | null): Promise<void> {
    const [subject] = USER_SUBJECTS;
    const site = await this.#site.copyWithSession(jar);
    const login = await site.send(jar).runHandler({ do: "login", subject });
    const next = login.cookie === undefined ? jar : login.cookie;
    const read = await site.send(next).runHandler({ do: "read" });
    await site.close();
    if (login.error !== null) throw new Violation(3, `a login failed with ${login.error}.`);
    if (read.subject !== subject) throw new Violation(3, "the read after a login does not see the user.");
  }

  /** Property 4: writes with the browser's token fail for at most one overlap. */
  async #requireWrite(jar: string | null): Promise<void> {
    const write: HandlerAction = { do: "write", name: "probe", value: 0 };
    const { now } = this.#site;
    const site = await this.#site.copyWithSession(jar);
    const isRefused = (await site.send(jar).runHandler(write)).error !== null;
    const token = jar ?? "";
    if (!isRefused) this.#writesRefusedSince.delete(token);
    else if (!this.#writesRefusedSince.has(token)) this.#writesRefusedSince.set(token, now);
    if (now - (this.#writesRefusedSince.get(token) ?? now) >= TOKEN_OVERLAP) {
      throw new Violation(4, "a token was refused for longer than one overlap.");
    }
    site.now += TOKEN_OVERLAP;
    const later = await site.send(jar).runHandler(write);
    await site.close();
    if (later.error !== null) throw new Violation(4, `a write after one overlap failed with ${later.error}.`);
  }
}

function isUser(subject: string | null): boolean {
  return USER_SUBJECTS.some((user) => user === subject);
}

function serializeContent({ data, secretHash, elevations }: SessionRecord, name?: string): string {
  return JSON.stringify(name ? (data[name] ?? null) : { data, secretHash, elevations });
}
