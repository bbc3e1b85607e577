import type { RefusalReason } from "./events.ts";
import { HeldSession } from "./held.ts";
import { judge } from "./judge.ts";
import type { WriterParts } from "./parts.ts";
import type { Activity } from "./policy.ts";
import type { Tier } from "./reader.ts";
import type { SessionRecord } from "./record.ts";
import { type MaybePromise, Session } from "./session.ts";
import { PLAIN } from "./start.ts";
import { equalHashes, hashSecret, idOfToken, KEY_LENGTH, secretOfToken, TOKEN_LENGTH } from "./token.ts";
import type { TouchQueue } from "./touches.ts";
import type { SessionWriter } from "./writer.ts";

/** A token that opened nothing. `superseded`, and an outage, must leave the browser's cookie alone. */
export interface Refusal {
  readonly refusal: RefusalReason;
}

/** Turns tokens into sessions: the way that every request takes. */
export class SessionResumer<Data> {
  readonly #writer: SessionWriter<Data>;
  readonly #parts: WriterParts<Data>;
  readonly #touches: TouchQueue;

  constructor(writer: SessionWriter<Data>, touches: TouchQueue) {
    this.#writer = writer;
    this.#parts = writer.parts;
    this.#touches = touches;
  }

  /** See `SessionManager.resume`. */
  resume(token: string, activity: Activity): MaybePromise<Session<Data> | Refusal> {
    if (typeof token !== "string" || token.length !== TOKEN_LENGTH)
      return this.#refuse(token ? "malformed" : "missing", null);
    const held = this.#parts.reader.peek(token.slice(0, KEY_LENGTH));
    if (held) {
      const now = this.#parts.clock.now();
      const hash = hashSecret(secretOfToken(token));
      if (held.soleHash !== null && !held.isOver(now) && equalHashes(held.soleHash, hash)) {
        return this.#admit(held, token, null, "local", activity, now);
      }
    }
    if (!this.#parts.ring.opens(token)) return this.#refuse("forged", null);
    return this.#resumeThrough(token, activity);
  }

  /** See `SessionManager.resumeDegraded`. */
  resumeDegraded(token: string, maxAge: number): Session<Data> | null {
    const { ring, reader, clock, policy, schema } = this.#parts;
    if (!ring.opens(token)) return null;
    const held = reader.degraded(token.slice(0, KEY_LENGTH), maxAge);
    if (!held || schema.read(held.record) === null) return null;
    const verdict = judge(held, hashSecret(secretOfToken(token)), clock.now(), policy.rotationGrace);
    if (verdict !== "current") return null;
    const start = {
      held,
      presented: token,
      successor: null,
      refusal: null,
      tier: "local",
      birth: PLAIN,
    } as const;
    return new Session(this.#writer, { ...start, activity: "none", assurance: "degraded" });
  }

  async #resumeThrough(token: string, activity: Activity): Promise<Session<Data> | Refusal> {
    const id = idOfToken(token);
    const hash = hashSecret(secretOfToken(token));
    const grace = this.#parts.policy.rotationGrace;
    let { held, tier } = await this.#parts.reader.read(id);
    let verdict = held && judge(this.#seen(held), hash, this.#parts.clock.now(), grace);
    // Only the store may turn somebody away: a copy may be older than the token.
    if (verdict !== "current" && tier !== "store") {
      ({ held, tier } = await this.#parts.reader.read(id, { fresh: true }));
      verdict = held && judge(this.#seen(held), hash, this.#parts.clock.now(), grace);
    }
    if (!held || !verdict) return this.#refuse("unknown", id);
    switch (verdict) {
      case "current":
        return this.#admit(
          await this.#confirm(held, activity),
          token,
          null,
          tier,
          activity,
          this.#parts.clock.now(),
        );
      case "previous":
        return this.#admit(
          held,
          null,
          this.#successor(held.record, token),
          tier,
          activity,
          this.#parts.clock.now(),
        );
      case "theft":
        await this.#writer.revoke({ session: id }, "theft");
        this.#parts.events.tell("theft", { record: held.record });
        return this.#refuse("theft", id);
      default:
        return this.#refuse(verdict, id);
    }
  }

  #admit(
    held: HeldSession,
    presented: string | null,
    successor: string | null,
    tier: Tier,
    activity: Activity,
    now: number,
  ): Session<Data> | Refusal {
    if (this.#parts.schema.read(held.record) === null) return this.#refuse("expired", held.record.id);
    if (activity === "user" && held.see(now)) {
      this.#touches.add(held.record.id, now, held.record.idleTimeout);
    }
    return new Session(this.#writer, {
      held,
      presented,
      successor,
      refusal: null,
      activity,
      tier,
      assurance: "full",
      birth: PLAIN,
    });
  }

  /** Activity seen here counts before the store has been told of it. */
  #seen(held: HeldSession): HeldSession {
    held.alsoSeen(this.#touches.waiting(held.record.id));
    return held;
  }

  /** The new secret of a periodic rotation is in use: from now on the old one has only its grace. */
  async #confirm(held: HeldSession, activity: Activity): Promise<HeldSession> {
    const { record } = held;
    if (record.previousSecretHash === null || record.confirmedAt !== null || activity === "none") return held;
    try {
      const confirmed = new HeldSession({
        record: await this.#writer.confirm(record),
        position: held.position,
      });
      confirmed.inherit(held);
      return confirmed;
    } catch (error) {
      this.#parts.events.tell("failed", { operation: "confirm", error });
      return held;
    }
  }

  #successor(record: SessionRecord, token: string): string | null {
    if (record.confirmedAt !== null) return null;
    const secret = this.#parts.ring.successorMatching(record.id, secretOfToken(token), record.secretHash);
    return secret && this.#parts.ring.seal(record.id, secret);
  }

  #refuse(refusal: RefusalReason, id: string | null): Refusal {
    if (this.#parts.events.wants("refused")) this.#parts.events.tell("refused", { reason: refusal, id });
    return { refusal };
  }
}
