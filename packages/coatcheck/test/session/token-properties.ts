import type { SessionRecord } from "../../src/session/record.ts";
import { idOfToken, secretOfToken } from "../../src/session/token.ts";
import { type Act, OVERLAP, type Response, SCOPE, type Site } from "./token-site.ts";

/** The subjects that the browser logs in as. */
export const USERS = ["alice", "bob"] as const;
/** A session keeps this many older secrets. */
const MAX_OLDER_SECRETS = 8;

/** The model's record of a token that the site has issued. */
interface Issued {
  readonly order: number;
  /** Whether it may carry an elevation: it was first issued by a step-up, or replaced such a token. */
  readonly mayBeElevated: boolean;
  firstUse: number | null;
}

/** A property that does not hold. */
export class Violation extends Error {
  readonly property: number;

  constructor(property: number, message: string) {
    super(`Property ${property}: ${message}`);
    this.property = property;
  }
}

/** A request with its response. */
interface Handled {
  readonly act: Act;
  readonly cookie: string | null;
  readonly response: Response | null;
}

/** Checks the properties of a site. See token-model.test.ts. */
export class TokenProperties {
  readonly #site: Site;
  readonly issued = new Map<string, Issued>();
  readonly knownToAttacker = new Set<string>();
  /** The tokens that an attacker who knows the ring derives from these: new secrets must not follow from older ones. */
  readonly #guesses: string[] = [];
  /** When writes with a token began to fail with `CONFLICT`. */
  readonly #refusedSince = new Map<string, number>();

  constructor(site: Site) {
    this.#site = site;
  }

  /** The data of the sessions of users, or one member of it, by session id. */
  async usersData(name?: string): Promise<Map<string, string>> {
    const records = (await this.#site.records()).filter(({ subject }) => isUser(subject));
    return new Map(records.map((record) => [record.id, contentOf(record, name)]));
  }

  /** Property 1, of an act of the attacker: `before` is the result of {@link usersData} before it. */
  async requireSameData(before: ReadonlyMap<string, string>, name?: string): Promise<void> {
    if (before.size === 0) return;
    const after = await this.usersData(name);
    for (const [id, content] of before) {
      const now = after.get(id);
      // A login as another user starts with fresh data, without the attacker's last write.
      const isFresh = name !== undefined && now === "null";
      if (now !== undefined && now !== content && !isFresh) {
        throw new Violation(1, "the attacker changed the user's session.");
      }
    }
  }

  /**
   * Property 5: a logout ends the session. An older token does not, once its successor has been in use for longer than
   * an overlap.
   */
  async requireLogout({ act, cookie, response }: Handled): Promise<void> {
    if (act.do !== "logout" || cookie === null || response?.error !== null) return;
    const record = await this.#site.manager.find(idOfToken(cookie));
    if (record?.state !== "active") return;
    const order = this.issued.get(cookie)?.order ?? 0;
    const newer = [...this.issued].filter(
      ([token, issued]) => idOfToken(token) === record.id && issued.order > order,
    );
    const isInUse = newer.some(
      ([, { firstUse }]) => firstUse !== null && firstUse + OVERLAP <= this.#site.now,
    );
    if (isInUse || newer.length > MAX_OLDER_SECRETS) return;
    throw new Violation(5, "a session outlived its logout although no newer token was in use.");
  }

  /** Checks properties 1 to 4 for a browser with this cookie. */
  async check(jar: string | null): Promise<void> {
    await this.#requireSecrecy();
    await this.#requireElevationsOfOwnToken();
    await this.#requireLogin(jar);
    await this.#requireWrite(jar);
  }

  /** Property 1: no token that the attacker knows opens the user's session. */
  async #requireSecrecy(): Promise<void> {
    for (const token of [...this.knownToAttacker, ...this.#guesses]) {
      if (isUser((await this.#site.opened(token))?.subject ?? null)) {
        throw new Violation(1, "the attacker opened the user's session.");
      }
    }
  }

  /** The attacker sees a token. */
  learn(token: string): void {
    if (this.knownToAttacker.has(token)) return;
    this.knownToAttacker.add(token);
    const { ring } = this.#site.manager;
    const id = idOfToken(token);
    this.#guesses.push(ring.seal(id, ring.deriveSuccessor(id, secretOfToken(token))));
  }

  /** Property 2: no elevation is available to a token that was issued before it, nor to what replaces that token. */
  async #requireElevationsOfOwnToken(): Promise<void> {
    if ((await this.#site.records()).every(({ elevations }) => Object.keys(elevations).length === 0)) return;
    for (const [token, { mayBeElevated }] of this.issued) {
      if (mayBeElevated) continue;
      if ((await this.#site.opened(token))?.isElevated(SCOPE)) {
        throw new Violation(2, "a token has an elevation that it was not issued with.");
      }
    }
  }

  /** Property 3: with all requests in flight lost, a login succeeds at once and the next read sees the user. */
  async #requireLogin(jar: string | null): Promise<void> {
    const [subject] = USERS;
    const site = await this.#site.fork(jar);
    const login = await site.send(jar).act({ do: "login", subject });
    const next = login.cookie === undefined ? jar : login.cookie;
    const read = await site.send(next).act({ do: "read" });
    await site.close();
    if (login.error !== null) throw new Violation(3, `a login failed with ${login.error}.`);
    if (read.subject !== subject) throw new Violation(3, "the read after a login does not see the user.");
  }

  /** Property 4: writes with a token are refused for one overlap at most. */
  async #requireWrite(jar: string | null): Promise<void> {
    const write: Act = { do: "write", name: "probe", value: 0 };
    const { now } = this.#site;
    const site = await this.#site.fork(jar);
    const isRefused = (await site.send(jar).act(write)).error !== null;
    const token = jar ?? "";
    if (!isRefused) this.#refusedSince.delete(token);
    else if (!this.#refusedSince.has(token)) this.#refusedSince.set(token, now);
    if (now - (this.#refusedSince.get(token) ?? now) >= OVERLAP) {
      throw new Violation(4, "a token was refused for longer than one overlap.");
    }
    site.now += OVERLAP;
    const later = await site.send(jar).act(write);
    await site.close();
    if (later.error !== null) throw new Violation(4, `a write after one overlap failed with ${later.error}.`);
  }
}

function isUser(subject: string | null): boolean {
  return USERS.some((user) => user === subject);
}

function contentOf({ data, secretHash, elevations }: SessionRecord, name?: string): string {
  return JSON.stringify(name ? (data[name] ?? null) : { data, secretHash, elevations });
}
