import { describe, expect, it } from "vitest";
import { SessionManager } from "../../src/session/manager.ts";
import { Session } from "../../src/session/session.ts";
import {
  CHECK_INTERVAL,
  createTwoNodes,
  HOUR,
  managerTimeOptions,
  openSession,
  readAbortCode,
} from "./closed-fixtures.ts";

const scopes = [
  ["its id", (id: string) => ({ session: id })],
  ["its subject", () => ({ subject: "ada" })],
  ["its tenant", () => ({ tenant: "acme" })],
  ["everyone", () => ({ everyone: true as const })],
] as const;

describe("session.closed", () => {
  it.each(scopes)("aborts at once when this process revokes %s", async (_name, scopeOf) => {
    const { manager } = createTwoNodes();
    const { record, token } = await manager.create({ subject: "ada", tenant: "acme" });
    const { closed } = await openSession(manager, token);
    await manager.revoke({ subject: "eve" });
    await manager.revoke({ subject: "ada", except: record.id });
    expect(readAbortCode(closed)).toBeNull();
    await manager.revoke(scopeOf(record.id));
    expect(readAbortCode(closed)).toBe("SESSION_REVOKED");
    expect(() => closed.throwIfAborted()).toThrow("The session was revoked; log in again.");
  });

  it.each(scopes)("aborts at the next check when another node revokes %s", async (_name, scopeOf) => {
    const { manager, otherNode, time } = createTwoNodes();
    const { record, token } = await manager.create({ subject: "ada", tenant: "acme" });
    const { closed } = await openSession(manager, token);
    await otherNode.revoke(scopeOf(record.id));
    expect(readAbortCode(closed)).toBeNull();
    await time.advance(CHECK_INTERVAL);
    expect(readAbortCode(closed)).toBe("SESSION_REVOKED");
  });

  it("aborts when the handler revokes the session, even if the handler reads `closed` only after that", async () => {
    const { manager } = createTwoNodes();
    const { token } = await manager.create({ subject: "ada" });
    const session = await openSession(manager, token);
    const { closed } = session;
    await session.revoke();
    expect(readAbortCode(closed)).toBe("SESSION_REVOKED");
    const second = await openSession(manager, (await manager.create({ subject: "ada" })).token);
    await second.revoke();
    expect(readAbortCode(second.closed)).toBe("SESSION_REVOKED");
  });

  it("aborts at the idle timeout, which activity on another node extends", async () => {
    const { manager, otherNode, time } = createTwoNodes();
    const { token } = await manager.create({ subject: "ada", idleTimeout: HOUR });
    const { closed } = await openSession(manager, token);
    await time.advance(HOUR - 10_000);
    await otherNode.resume(token); // Written within five seconds.
    await time.advance(HOUR - CHECK_INTERVAL);
    expect(readAbortCode(closed)).toBeNull();
    await time.advance(2 * CHECK_INTERVAL);
    expect(readAbortCode(closed)).toBe("SESSION_EXPIRED");
  });

  it("aborts at the absolute timeout, even after activity", async () => {
    const { manager, time } = createTwoNodes();
    const { token } = await manager.create({ subject: "ada", absoluteTimeout: HOUR });
    const { closed } = await openSession(manager, token);
    await time.advance(HOUR - CHECK_INTERVAL);
    await manager.resume(token);
    expect(readAbortCode(closed)).toBeNull();
    await time.advance(2 * CHECK_INTERVAL);
    expect(readAbortCode(closed)).toBe("SESSION_EXPIRED");
  });

  it("aborts when the store has deleted the session", async () => {
    const { manager, time, store } = createTwoNodes();
    const { token } = await manager.create({ subject: "ada" });
    const { closed } = await openSession(manager, token);
    store.get = async () => null;
    await time.advance(CHECK_INTERVAL);
    expect(readAbortCode(closed)).toBe("SESSION_REVOKED");
  });

  it("reports a revocation during an outage of the store only after the outage", async () => {
    const { manager, otherNode, time, store } = createTwoNodes();
    const { token } = await manager.create({ subject: "ada" });
    const { closed } = await openSession(manager, token);
    const { get } = store;
    store.get = () => Promise.reject(new Error("no connection"));
    await otherNode.revoke({ subject: "ada" });
    await time.advance(10 * CHECK_INTERVAL);
    expect(readAbortCode(closed)).toBeNull();
    store.get = get;
    await time.advance(CHECK_INTERVAL);
    expect(readAbortCode(closed)).toBe("SESSION_REVOKED");
  });

  it.each(["this node", "another node"])("aborts when a login on %s replaces the token", async (node) => {
    const { manager, otherNode, time } = createTwoNodes();
    const { record, token } = await manager.create();
    const { closed } = await openSession(manager, token);
    await (node === "this node" ? manager : otherNode).authenticate(record.id, "ada");
    await time.advance(CHECK_INTERVAL);
    expect(readAbortCode(closed)).toBe("CONFLICT");
  });

  it("does not abort when the handler logs in, elevates or rotates the session, but then watches the new token", async () => {
    const { manager, time } = createTwoNodes({});
    await manager.create({ subject: "ada" });
    const session = await openSession(manager, (await manager.create()).token);
    const { closed } = session;
    for (const change of [
      () => session.authenticate("ada"),
      () => session.elevate("payments", HOUR),
      () => session.rotate(),
      () => session.patch({ theme: "dark" }),
    ]) {
      await change();
      await time.advance(CHECK_INTERVAL);
      expect(readAbortCode(closed)).toBeNull();
    }
    await manager.revoke({ subject: "ada" });
    expect(readAbortCode(closed)).toBe("SESSION_REVOKED");
  });

  it("does not abort after periodic rotations on another node, and its own checks do not count as reuse of the older token", async () => {
    const { manager, time, store } = createTwoNodes({ policy: { rotateEvery: HOUR } });
    const secrets = ["a secret for these tests"];
    const rotatingNode = new SessionManager({
      store,
      secrets,
      policy: { rotateEvery: HOUR },
      ...managerTimeOptions(time),
    });
    const { token } = await manager.create({ subject: "ada" });
    const { closed } = await openSession(manager, token);
    let current = token;
    for (let round = 0; round < 3; round++) {
      await time.advance(HOUR);
      const session = await rotatingNode.resume(current);
      if (!(session instanceof Session)) throw new Error(`The token was refused: ${session.refusal}`);
      const commit = await session.commit();
      expect(commit.state).toBe("rotated");
      current = commit.token ?? "";
      await rotatingNode.resume(current);
    }
    await time.advance(HOUR / 2);
    expect(readAbortCode(closed)).toBeNull();
    expect((await rotatingNode.resume(current)).refusal).toBeNull();
  });

  it("watches a new session from the moment it is stored", async () => {
    const { manager, timers } = createTwoNodes();
    const session = manager.begin();
    const { closed } = session;
    expect(timers.active).toBe(0);
    await session.patch({ theme: "dark" });
    expect(timers.active).toBe(1);
    await manager.revoke({ session: session.id });
    expect(readAbortCode(closed)).toBe("SESSION_REVOKED");
  });
});
