import { CoatcheckError } from "./errors.ts";
import type { JsonObject } from "./json.ts";
import { LoginData } from "./login-data.ts";
import type { Issued, WriterParts } from "./parts.ts";
import { requireJsonObject } from "./patch.ts";
import { requireDurations, type SessionLimit } from "./policy.ts";
import type { ReadOptions } from "./reader.ts";
import { isSessionId, type RevokeReason, type SessionRecord } from "./record.ts";
import type { PutOptions, PutOutcome, RevocationScope } from "./store.ts";
import { given, requireTexts } from "./text.ts";
import { compactId, hashSecret, newSecret, newSessionId } from "./token.ts";
import {
  type AuthenticateOptions,
  authenticated,
  born,
  type CreateOptions,
  changed,
  confirmed,
  elevated,
  resecured,
  rotated,
} from "./transitions.ts";

/** Every round somebody's write got through; so many in a row lost means that something is wrong. */
const MOST_ATTEMPTS = 100;

/** What a new session begins with. */
interface Birth extends CreateOptions {
  readonly id?: string;
  readonly data?: unknown;
  readonly flash?: JsonObject;
}

interface ChangeOptions {
  readonly kind: PutOptions["change"];
  /** Whether the change may go on from a newer record than the one it began with. */
  readonly accepts?: (newer: SessionRecord) => boolean;
  readonly limit?: SessionLimit | null;
}

/**
 * The one place that writes sessions. Every change is compare-and-set on the version and made again on the newer
 * record when another was faster, so none is lost; a session that ended meanwhile stays ended.
 */
export class SessionWriter<Data> {
  readonly parts: WriterParts<Data>;

  constructor(parts: WriterParts<Data>) {
    this.parts = parts;
  }

  async create(options: Birth): Promise<Issued> {
    const { schema, policy, random, clock, ring, events } = this.parts;
    const { owner, subject, tenant, visitorId, parentId, name, idleTimeout, absoluteTimeout } = options;
    requireTexts(given({ owner, subject, tenant, visitorId, parentId, name }));
    requireDurations(given({ idleTimeout, absoluteTimeout }));
    const secret = newSecret(random);
    const birth = {
      id: options.id ?? newSessionId(random),
      secretHash: hashSecret(secret),
      data: options.data === undefined ? schema.initial() : schema.check(options.data),
      dataVersion: schema.version,
      metadata: requireJsonObject(options.metadata ?? {}, "metadata", policy.metadataLimit),
      now: clock.now(),
    };
    const record = { ...born(birth, options, policy), flash: this.#flashed({}, options.flash ?? {}) };
    await this.#insert(record);
    events.tell("created", { record });
    return { record, token: ring.seal(record.id, secret) };
  }

  /** Logs a visitor in of whom nothing is stored: the session begins with the login. */
  async createAuthenticated(options: Birth & { subject: string }): Promise<Issued> {
    const { subject, data = this.parts.schema.initial() } = options;
    requireTexts({ subject });
    const joined = await new LoginData(this.parts, subject).joined(data as Data);
    const issued = await this.create({ ...options, data: joined });
    this.parts.events.tell("authenticated", { record: issued.record, previousSubject: null });
    return issued;
  }

  async authenticate(from: SessionRecord, subject: string, options: AuthenticateOptions): Promise<Issued> {
    const { policy, clock, events } = this.parts;
    requireTexts({ subject, ...given({ tenant: options.tenant }) });
    const data = new LoginData(this.parts, subject);
    const secret = newSecret(this.parts.random);
    const record = await this.#change(
      from,
      { kind: "privilege", accepts: sameSecret(from), limit: policy.limit },
      async (current) => ({
        ...authenticated(current, subject, hashSecret(secret), options, policy, clock.now()),
        ...(await data.of(current)),
      }),
    );
    events.tell("authenticated", { record, previousSubject: from.subject });
    return this.#issue(record, secret);
  }

  async elevate(from: SessionRecord, scope: string, maxAge: number): Promise<Issued> {
    if (from.subject === null) throw new CoatcheckError("SESSION_REQUIRED", "Log in first.");
    requireTexts({ scope });
    requireDurations({ maxAge });
    const now = this.parts.clock.now();
    const secret = newSecret(this.parts.random);
    const record = await this.#change(from, { kind: "privilege", accepts: sameSecret(from) }, (current) =>
      elevated(current, scope, now + maxAge, hashSecret(secret), now),
    );
    this.parts.events.tell("elevated", { record, scope });
    return this.#issue(record, secret);
  }

  async rotate(from: SessionRecord): Promise<Issued> {
    const secret = newSecret(this.parts.random);
    const record = await this.#change(from, { kind: "privilege", accepts: sameSecret(from) }, (current) =>
      resecured(current, hashSecret(secret), this.parts.clock.now()),
    );
    this.parts.events.tell("rotated", { record });
    return this.#issue(record, secret);
  }

  /** Periodic rotation: the successor is derived from the old secret, so that requests at once hand out the same. */
  async rotateInTime(from: SessionRecord, oldSecret: string): Promise<Issued> {
    const secret = this.parts.ring.successor(from.id, oldSecret);
    const secretHash = hashSecret(secret);
    const accepts = (newer: SessionRecord) => newer.secretHash === secretHash || sameSecret(from)(newer);
    const record = await this.#change(from, { kind: "privilege", accepts }, (current) =>
      current.secretHash === secretHash ? current : rotated(current, secretHash, this.parts.clock.now()),
    );
    this.parts.events.tell("rotated", { record });
    return this.#issue(record, secret);
  }

  async confirm(from: SessionRecord): Promise<SessionRecord> {
    return await this.#change(from, { kind: "privilege", accepts: sameSecret(from) }, (current) =>
      current.confirmedAt === null ? confirmed(current, this.parts.clock.now()) : current,
    );
  }

  /** Makes `change` of the data, again on a newer record if need be. It gets the stored data and returns what is to be stored. */
  async changeData(
    from: SessionRecord,
    change: (data: JsonObject, record: SessionRecord) => unknown | Promise<unknown>,
    options: { seenAt?: number; flash?: JsonObject; ifVersion?: number } = {},
  ): Promise<SessionRecord> {
    const { schema, clock, events } = this.parts;
    const record = await this.#change(from, { kind: "data", accepts: sameHolder(from) }, async (current) => {
      if (options.ifVersion !== undefined && options.ifVersion !== current.version) {
        throw new CoatcheckError("CONFLICT", `The session is at version ${current.version}; read it again.`);
      }
      if (schema.isAhead(current)) {
        const message = `The session's data is of version ${current.dataVersion}, and this process knows ${schema.version}.`;
        throw new CoatcheckError("CONFLICT", message, { retryAfter: 1 });
      }
      const data = schema.check(await change((schema.read(current) ?? {}) as JsonObject, current));
      return changed(current, {
        data,
        dataVersion: schema.versionAfter(current),
        flash: options.flash ? this.#flashed(current.flash, options.flash) : current.flash,
        lastSeenAt: Math.max(current.lastSeenAt, options.seenAt ?? clock.now()),
      });
    });
    events.tell("changed", { record });
    return record;
  }

  /** One durable step; the copies held here are dropped when it has been acknowledged. */
  async revoke(scope: RevocationScope, reason: RevokeReason): Promise<number> {
    const { store, reader, events } = this.parts;
    // A store that failed may have done it all the same, and only its answer was lost.
    const count = await store.revoke(scope, reason).finally(() => reader.revoked(scope));
    events.tell("revoked", { scope, reason, count });
    return count;
  }

  /**
   * The session, if it may be worked on.
   *
   * @throws CoatcheckError `SESSION_NOT_FOUND`, `SESSION_REVOKED`, `SESSION_EXPIRED`, `STORE_UNAVAILABLE`.
   */
  async live(id: string, options?: ReadOptions): Promise<SessionRecord> {
    const { held } = isSessionId(id) ? await this.parts.reader.read(id, options) : { held: null };
    if (!held) {
      // What is no id is not repeated: it may be a token.
      const name = isSessionId(id) ? id : "this is no session id";
      throw new CoatcheckError("SESSION_NOT_FOUND", `Session not found: ${name}`);
    }
    const { record } = held;
    if (record.state === "revoked") {
      throw new CoatcheckError("SESSION_REVOKED", "This session has been ended.");
    }
    if (held.isOver(this.parts.clock.now()) || this.parts.schema.read(record) === null) {
      throw new CoatcheckError("SESSION_EXPIRED", "This session has expired.");
    }
    return record;
  }

  async #change(
    from: SessionRecord,
    options: ChangeOptions,
    next: (current: SessionRecord) => SessionRecord | Promise<SessionRecord>,
  ): Promise<SessionRecord> {
    const { reader } = this.parts;
    let current = from;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const position = reader.position();
      const record = await next(current);
      if (record === current) return current;
      const outcome = await this.#put(record, {
        expectedVersion: current.version,
        change: options.kind,
        ...this.#limitOf(record, options.limit),
      });
      if (outcome === "stored") {
        reader.wrote(record, position);
        return record;
      }
      if (outcome === "over-limit") {
        await this.#makeRoom(record);
        continue;
      }
      // A later write of ours may be held already. Were that copy dropped, an earlier one acknowledged late would take its place.
      const held = reader.peek(compactId(from.id));
      if (!held || held.record.version <= current.version) reader.outdated(from.id);
      current = await this.live(from.id, { fresh: true });
      if (options.accepts && !options.accepts(current)) break;
    }
    throw new CoatcheckError(
      "CONFLICT",
      "The session changed while this was under way; read it again and repeat.",
    );
  }

  /** A store that failed may have done it all the same: from now on nobody but the store knows. */
  async #put(record: SessionRecord, options: PutOptions): Promise<PutOutcome> {
    try {
      return await this.parts.store.put(record, options);
    } catch (error) {
      this.parts.reader.outdated(record.id);
      throw error;
    }
  }

  async #insert(record: SessionRecord): Promise<void> {
    const { reader, policy } = this.parts;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const position = reader.position();
      const limit = record.subject === null ? null : policy.limit;
      const outcome = await this.#put(record, {
        expectedVersion: 0,
        change: "data",
        ...this.#limitOf(record, limit),
      });
      if (outcome === "stored") return reader.wrote(record, position);
      if (outcome === "conflict") break;
      await this.#makeRoom(record);
    }
    throw new CoatcheckError("CONFLICT", "The session could not be created; try again.");
  }

  #limitOf(record: SessionRecord, limit: SessionLimit | null | undefined): Pick<PutOptions, "limit"> {
    if (!limit || record.subject === null) return {};
    return { limit: { most: limit.most, now: this.parts.clock.now() } };
  }

  /** Ends the session that the policy would have give way; the caller then tries again, and the store decides. */
  async #makeRoom(record: SessionRecord): Promise<void> {
    const { store, policy, clock } = this.parts;
    const { limit } = policy;
    if (!limit || limit.when === "reject" || record.subject === null) {
      throw new CoatcheckError(
        "CONFLICT",
        "There are as many sessions of this subject as there may be; end one first.",
      );
    }
    const rank = (each: SessionRecord) =>
      limit.when === "evict-oldest" ? (each.authenticatedAt ?? each.createdAt) : each.lastSeenAt;
    const filter = { subject: record.subject, state: "active", liveAt: clock.now() } as const;
    const { records } = await store.list(filter, { limit: 1000 });
    const others = records
      .filter(({ id }) => id !== record.id)
      .sort((left, right) => rank(left) - rank(right));
    for (const victim of others.slice(0, Math.max(0, others.length - limit.most + 1))) {
      await this.revoke({ session: victim.id }, "limit");
    }
  }

  /** The messages that wait: a new one replaces that of its name, null takes it away. */
  #flashed(waiting: JsonObject, messages: JsonObject): JsonObject {
    const all = Object.entries({ ...waiting, ...messages }).filter(([, message]) => message !== null);
    return requireJsonObject(Object.fromEntries(all), "flash", this.parts.policy.dataLimit);
  }

  #issue(record: SessionRecord, secret: string): Issued {
    return { record, token: this.parts.ring.seal(record.id, secret) };
  }
}

/** A change of privilege belongs to the token it was asked with: if that was replaced meanwhile, it must not go on. */
function sameSecret(from: SessionRecord): (newer: SessionRecord) => boolean {
  return (newer) => newer.secretHash === from.secretHash;
}

/** A change of data may go on through a login of the same visitor, never into another subject's session. */
function sameHolder(from: SessionRecord): (newer: SessionRecord) => boolean {
  return (newer) => from.subject === null || newer.subject === from.subject;
}
