import { describe, expect, it } from "vitest";
import { Session } from "../../src/session/session.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { createFixture } from "./fixtures.ts";

const IDLE = 60_000;
const ADA = { subject: "ada", tenant: null };

function createSite() {
  const site = createFixture({ policy: { idleTimeout: IDLE, absoluteTimeout: 10 * IDLE } });
  const opened = async (id: string, subject = "ada") => {
    const found = await site.manager.open(id, subject);
    return found instanceof Session ? found : found.refusal;
  };
  return { ...site, opened };
}

describe("manager.open()", () => {
  it("opens a live session of the subject, and records activity", async () => {
    const site = createSite();
    const { record } = await site.manager.create({ subject: "ada" });
    for (let request = 0; request < 4; request++) {
      site.advance(IDLE / 2);
      expect(await site.opened(record.id)).toMatchObject({ id: record.id, subject: "ada" });
      await site.runTimers();
    }
  });

  it("refuses a revoked session, another subject's session, an anonymous session, and an unknown or malformed id", async () => {
    const site = createSite();
    const revoked = (await site.manager.create({ subject: "ada" })).record.id;
    await site.manager.revoke({ session: revoked });
    const foreign = (await site.manager.create({ subject: "eve" })).record.id;
    const anonymous = (await site.manager.create()).record.id;
    const unknown = "0b7f7a56-6a0f-4c4f-9d8e-1a2b3c4d5e6f";
    const expected = {
      [revoked]: "revoked",
      [foreign]: "revoked",
      [anonymous]: "revoked",
      [unknown]: "unknown",
      x: "unknown",
    };
    for (const [id, refusal] of Object.entries(expected)) {
      expect(await site.opened(id), id).toBe(refusal);
      expect(await site.manager.isRevoked(id, ADA), id).toBe(true);
    }
    expect((await site.manager.stats()).total).toBe(3);
    await expect(async () => site.manager.open(revoked, "")).rejects.toThrow("subject");
  });

  it("refuses an expired session that was revoked after its expiry, even if a new session had continued it", async () => {
    const site = createSite();
    const { record } = await site.manager.create({ subject: "ada" });
    site.advance(IDLE);
    expect(await site.manager.isRevoked(record.id, ADA)).toBe(false);
    const continued = await site.opened(record.id);
    await site.manager.revoke({ subject: "ada" });
    expect(await site.opened(record.id)).toBe("revoked");
    expect(await site.manager.isRevoked(record.id, ADA)).toBe(true);
    const restarted = createFixture({ store: site.store });
    restarted.advance(IDLE);
    expect(await restarted.manager.open(record.id, "ada")).toMatchObject({ refusal: "revoked" });
    expect(continued).toBeInstanceOf(Session);
  });

  it("leaves no live session if the subject's sessions are revoked while a session is being continued", async () => {
    const inner = memoryStore();
    let creations = 0;
    const store: SessionStore = {
      ...inner,
      async put(record, options) {
        if (options.expectedVersion === 0 && ++creations === 2)
          await inner.revoke({ subject: "ada" }, "admin");
        return await inner.put(record, options);
      },
    };
    const site = createFixture({ store, policy: { idleTimeout: IDLE, absoluteTimeout: 10 * IDLE } });
    const { record } = await site.manager.create({ subject: "ada" });
    site.advance(IDLE);
    expect(await site.manager.open(record.id, "ada")).toMatchObject({ refusal: "revoked" });
    expect(creations).toBe(2);
    expect((await site.manager.stats()).active).toBe(0);
  });

  it("gives a continued session a token that cannot be computed from its id and the application's secrets", async () => {
    const site = createSite();
    const { record } = await site.manager.create({ subject: "ada" });
    site.advance(IDLE);
    const continued = await site.opened(record.id);
    if (!(continued instanceof Session)) throw new Error("The session was refused.");
    const { ring } = site.manager;
    for (const key of [record.id, `continues:${record.id}`]) {
      const guessed = ring.seal(continued.id, ring.deriveSuccessor(continued.id, key));
      expect((await site.manager.resume(guessed)).refusal).toBe("unknown");
    }
    // The token can be computed from the secret's hash, which only the store contains. So the guesses above fail
    // because they lack the hash, not because they use a wrong derivation.
    const known = ring.deriveSuccessor(continued.id, `continues:${record.id}:${record.secretHash}`);
    expect((await site.manager.resume(ring.seal(continued.id, known))).refusal).toBeNull();
  });

  it("does not continue a session beyond its absolute timeout", async () => {
    const site = createSite();
    const { record } = await site.manager.create({ subject: "ada" });
    for (let minute = 0; minute < 9; minute++) {
      site.advance(IDLE);
      expect(await site.opened(record.id)).toBeInstanceOf(Session);
    }
    site.advance(IDLE);
    expect(await site.opened(record.id)).toBe("expired");
  });
});
