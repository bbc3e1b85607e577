import type { RefusalReason } from "./events.ts";
import { HeldSession } from "./held.ts";
import { judge } from "./judge.ts";
import type { WriterParts } from "./parts.ts";
import type { Activity } from "./policy.ts";
import type { SessionRecord } from "./record.ts";
import { type MaybePromise, Session } from "./session.ts";
import { PLAIN, type SessionStart } from "./start.ts";
import { equalHashes, hashSecret, idOfToken, KEY_LENGTH, secretOfToken, TOKEN_LENGTH } from "./token.ts";
import type { TouchQueue } from "./touches.ts";
import type { SessionWriter } from "./writer.ts";

/** The result of a refused token. After `superseded` and `unavailable` the response must not change the browser's cookie. */
export interface Refusal {
  readonly refusal: RefusalReason;
}

/** The start of a handle whose session was found. */
type FoundStart = SessionStart & { readonly held: HeldSession };

/** Opens sessions by token, once for every request. */
export class SessionResumer<Data> {
  readonly #writer: SessionWriter<Data>;
  readonly #deps: WriterParts<Data>;
  readonly #touches: TouchQueue;

  constructor(writer: SessionWriter<Data>, deps: WriterParts<Data>, touches: TouchQueue) {
    this.#writer = writer;
    this.#deps = deps;
    this.#touches = touches;
  }

  /** Implements `SessionManager.resume`. */
  resume(token: string, activity: Activity): MaybePromise<Session<Data> | Refusal> {
    if (typeof token !== "string" || token.length !== TOKEN_LENGTH)
      return this.#refuse(token ? "malformed" : "missing", null);
    const held = this.#deps.reader.peek(token.slice(0, KEY_LENGTH));
    if (held) {
      const now = this.#deps.clock.now();
      const hash = hashSecret(secretOfToken(token));
      if (held.soleHash !== null && !held.isOver(now) && equalHashes(held.soleHash, hash)) {
        // Built here instead of passed as arguments: a hit allocates this object in any case.
        const start: FoundStart = {
          held,
          presented: token,
          successor: null,
          refusal: null,
          activity,
          tier: "local",
          assurance: "full",
          birth: PLAIN,
        };
        return this.#admit(start, now);
      }
    }
    if (!this.#deps.ring.opens(token)) return this.#refuse("forged", null);
    return this.#resumeThroughTiers(token, activity);
  }

  /** Implements `SessionManager.resumeDegraded`. */
  resumeDegraded(token: string, maxAge: number): Session<Data> | null {
    const { ring, reader, clock, policy, schema } = this.#deps;
    if (!ring.opens(token)) return null;
    const held = reader.degraded(token.slice(0, KEY_LENGTH), maxAge);
    if (!held || schema.read(held.record) === null) return null;
    const check = judge(held, hashSecret(secretOfToken(token)), clock.now(), policy.rotationGrace);
    if (check !== "current") return null;
    return new Session(this.#writer, this.#deps, {
      held,
      presented: token,
      successor: null,
      refusal: null,
      activity: "none",
      tier: "local",
      assurance: "degraded",
      birth: PLAIN,
    });
  }

  async #resumeThroughTiers(token: string, activity: Activity): Promise<Session<Data> | Refusal> {
    const { reader, clock, events, policy } = this.#deps;
    const id = idOfToken(token);
    const hash = hashSecret(secretOfToken(token));
    let { held, tier } = await reader.read(id);
    let check = held && judge(this.#withTouch(held), hash, clock.now(), policy.rotationGrace);
    // Only the store may cause a refusal: a cached copy may predate the token.
    if (check !== "current" && tier !== "store") {
      ({ held, tier } = await reader.read(id, { fresh: true }));
      check = held && judge(this.#withTouch(held), hash, clock.now(), policy.rotationGrace);
    }
    if (!held || !check) return this.#refuse("unknown", id);
    switch (check) {
      case "current":
      case "previous": {
        const isCurrent = check === "current";
        const start: FoundStart = {
          held: isCurrent ? await this.#confirm(held, activity) : held,
          presented: isCurrent ? token : null,
          successor: isCurrent ? null : this.#successor(held.record, token),
          refusal: null,
          activity,
          tier,
          assurance: "full",
          birth: PLAIN,
        };
        return this.#admit(start, clock.now());
      }
      case "theft":
        await this.#writer.revoke({ session: id }, "theft");
        events.tell("theft", { record: held.record });
        return this.#refuse("theft", id);
      default:
        return this.#refuse(check, id);
    }
  }

  #admit(start: FoundStart, now: number): Session<Data> | Refusal {
    const { held, activity } = start;
    if (this.#deps.schema.read(held.record) === null) return this.#refuse("expired", held.record.id);
    if (activity === "user" && held.see(now)) {
      this.#touches.add(held.record.id, now, held.record.idleTimeout);
    }
    return new Session(this.#writer, this.#deps, start);
  }

  /** Adds the queued touch, which the store does not know of yet. */
  #withTouch(held: HeldSession): HeldSession {
    held.alsoSeen(this.#touches.waiting(held.record.id));
    return held;
  }

  /** Records the first use of the new secret after a periodic rotation: the grace of the older token starts now. */
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
      this.#deps.events.tell("failed", { operation: "confirm", error });
      return held;
    }
  }

  /** The token to send to a client with an older token; null when the new one is in use already. */
  #successor(record: SessionRecord, token: string): string | null {
    if (record.confirmedAt !== null) return null;
    const secret = this.#deps.ring.successorMatching(record.id, secretOfToken(token), record.secretHash);
    return secret && this.#deps.ring.seal(record.id, secret);
  }

  #refuse(refusal: RefusalReason, id: string | null): Refusal {
    if (this.#deps.events.wants("refused")) this.#deps.events.tell("refused", { reason: refusal, id });
    return { refusal };
  }
}
