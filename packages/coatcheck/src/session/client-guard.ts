import { type ClientChange, findClientChange, needsProof, type RequestClient } from "./binding.ts";
import { CachedSession } from "./cached-session.ts";
import type { SessionDependencies } from "./dependencies.ts";
import { CoatcheckError } from "./errors.ts";
import type { RefusalReason } from "./events.ts";
import type { SessionRecord } from "./record.ts";
import type { SessionStart } from "./start.ts";
import type { CommittedChange } from "./write-queue.ts";
import type { SessionWriter } from "./writer.ts";

/** How many reported changes of clients this process remembers, so that it reports each change once. */
const MAX_REPORTED_CHANGES = 10_000;

/** The initial state of a handle whose session was found, together with the client of the request. */
export interface GuardedStart extends SessionStart {
  readonly cached: CachedSession;
}

/** Applies the binding's policy to requests from a different client than the login. */
export class ClientGuard<Data> {
  readonly #writer: SessionWriter<Data>;
  readonly #deps: SessionDependencies<Data>;
  readonly #reported = new Set<string>();

  constructor(writer: SessionWriter<Data>, deps: SessionDependencies<Data>) {
    this.#writer = writer;
    this.#deps = deps;
  }

  /**
   * Applies the policy to a change of the client.
   *
   * @returns the initial state for the request's handle, or why the request's token is refused.
   * @throws CoatcheckError `STORE_UNAVAILABLE` when the session could not be changed or revoked.
   */
  async apply(
    start: GuardedStart,
    client: RequestClient,
    change: ClientChange,
  ): Promise<GuardedStart | RefusalReason> {
    const { record } = start.cached;
    switch (change.action) {
      case "log":
        this.#reportOnce(record, change);
        return start;
      case "step-up":
        return needsProof(record) ? start : await this.#requireProof(start, client, change);
      case "revoke":
        // For an impersonation, also ends the actor's own session, because the impersonation's token can return to that
        // session.
        await this.#writer.logOut(record, null, "client-changed");
        this.#deps.events.publish("client-changed", { record, change });
        return "client-changed";
    }
  }

  async #requireProof(
    start: GuardedStart,
    client: RequestClient,
    change: ClientChange,
  ): Promise<GuardedStart | RefusalReason> {
    const { record: before, position } = start.cached;
    let result: CommittedChange;
    try {
      result = await this.#writer.privileges.requireProof(before, (latest) => {
        return !needsProof(latest) && findClientChange(latest, client)?.action === "step-up";
      });
    } catch (error) {
      if (error instanceof CoatcheckError && error.status < 500) return "revoked";
      throw error;
    }
    // If another request has logged in or stepped up in the meantime, this request's token must not open the changed
    // session.
    const { record, isApplied } = result;
    const hasSameToken = start.presentedToken === null || record.secretHash === before.secretHash;
    if (record.subject !== before.subject || !hasSameToken) return "superseded";
    if (isApplied) this.#deps.events.publish("client-changed", { record, change });
    const cached = new CachedSession({ record, position });
    cached.inheritActivity(start.cached);
    return { ...start, cached };
  }

  #reportOnce(record: SessionRecord, change: ClientChange): void {
    const key = JSON.stringify([record.id, change.userAgent?.now, change.address?.now]);
    if (this.#reported.has(key)) return;
    const [oldest] = this.#reported;
    if (this.#reported.size >= MAX_REPORTED_CHANGES && oldest !== undefined) this.#reported.delete(oldest);
    this.#reported.add(key);
    this.#deps.events.publish("client-changed", { record, change });
  }
}
