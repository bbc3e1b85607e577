import { describe, expect, it } from "vitest";
import { catchErrorCode, type Data } from "./fixtures.ts";
import { commitAndReadToken, IMPERSONATE_OPTIONS, setUpAdministrator } from "./impersonation-fixtures.ts";

const HOUR = 3_600_000;

describe("impersonate()", () => {
  it("begins a new session with the actor, initial data and a time limit", async () => {
    const { own, begin, open, now } = await setUpAdministrator();
    const { session, token } = await begin();
    expect(token).not.toBe(own.token);
    const later = await open(token);
    expect([later.subject, later.tenant, later.actor]).toEqual([
      "ada",
      "shop",
      { subject: "clerk", reason: "ticket 4711" },
    ]);
    expect([later.id === own.record.id, later.data, session.data]).toEqual([false, {}, {}]);
    const actor = later.actor;
    expect(later.impersonation).toEqual({ actor, subject: "ada", endsAt: now() + HOUR, hasEnded: false });
  });

  it("saves data that was assigned before the call in the actor's session", async () => {
    const { own, open, manager } = await setUpAdministrator();
    const session = await open(own.token);
    session.data.views = 7;
    await session.impersonate("ada", IMPERSONATE_OPTIONS);
    session.data.cart = { taco: 1 };
    await session.commit();
    expect((await manager.find(own.record.id))?.data).toEqual({ theme: "dark", views: 7 });
    expect((await manager.find(session.id))?.data).toEqual({ cart: { taco: 1 } });
  });

  it("keeps the actor's session valid, in case the response is lost", async () => {
    const { own, begin, open } = await setUpAdministrator();
    await begin();
    expect((await open(own.token)).record).toMatchObject({ subject: "clerk", version: 1, actor: null });
  });

  it("does nothing for the subject that is already impersonated, and throws FORBIDDEN for another subject", async () => {
    const { begin, open } = await setUpAdministrator();
    const { token } = await begin();
    const repeated = await open(token);
    await repeated.impersonate("ada", IMPERSONATE_OPTIONS);
    expect(await catchErrorCode(repeated.impersonate("eve", IMPERSONATE_OPTIONS))).toBe("FORBIDDEN");
    expect(await commitAndReadToken(repeated, token)).toBe(token);
  });

  it("throws SESSION_REQUIRED while anonymous, and VALIDATION_FAILED for invalid arguments", async () => {
    const { manager, own, open } = await setUpAdministrator();
    expect(await catchErrorCode(manager.begin().impersonate("ada", IMPERSONATE_OPTIONS))).toBe(
      "SESSION_REQUIRED",
    );
    const session = await open(own.token);
    expect(await catchErrorCode(session.impersonate("clerk", IMPERSONATE_OPTIONS))).toBe("VALIDATION_FAILED");
    expect(await catchErrorCode(session.impersonate("", IMPERSONATE_OPTIONS))).toBe("VALIDATION_FAILED");
    expect(await catchErrorCode(session.impersonate("ada", { reason: "" }))).toBe("VALIDATION_FAILED");
    for (const maxAge of [0, -1, Number.NaN, 13 * HOUR]) {
      expect(await catchErrorCode(session.impersonate("ada", { ...IMPERSONATE_OPTIONS, maxAge }))).toBe(
        "VALIDATION_FAILED",
      );
    }
  });

  it("throws if the actor's session was revoked after the request began", async () => {
    const { manager, own, open } = await setUpAdministrator();
    const session = await open(own.token);
    await manager.revoke({ subject: "clerk" });
    expect(await catchErrorCode(session.impersonate("ada", IMPERSONATE_OPTIONS))).toBe("SESSION_REVOKED");
    expect((await manager.list({ subject: "ada" }, { limit: 10 })).records).toEqual([]);
  });

  it("revokes no session of the subject at the session limit", async () => {
    const { manager, begin, findRefusal } = await setUpAdministrator({
      policy: { sessionLimit: { max: 1, onExceeded: "evict-oldest" } },
    });
    const adas = await manager.create({ subject: "ada" });
    const { token } = await begin();
    expect([await findRefusal(adas.token), await findRefusal(token)]).toEqual([null, null]);
  });

  it("never merges data from an impersonation into the subject's data", async () => {
    const merge = (visitor: Data, subject: Data | null): Data => ({ ...subject, ...visitor });
    const { manager, begin, open } = await setUpAdministrator({ merge });
    const { token } = await begin();
    await (await open(token)).patch({ theme: "actor" });
    const visitor = manager.begin();
    await visitor.authenticate("ada");
    expect(visitor.data).toEqual({});
  });
});

describe("stopImpersonating()", () => {
  it("restores the actor's own session, with the same token and data", async () => {
    const { own, begin, stop, findRefusal, manager } = await setUpAdministrator();
    const { token } = await begin();
    const stopped = await stop(token);
    expect([stopped.hasStopped, stopped.token]).toEqual([true, own.token]);
    expect([stopped.session.subject, stopped.session.data.theme, stopped.session.actor]).toEqual([
      "clerk",
      "dark",
      null,
    ]);
    expect(await findRefusal(token)).toBe("revoked");
    expect(await manager.find(own.record.id)).toMatchObject({
      version: 1,
      secretHash: own.record.secretHash,
    });
  });

  it("returns the same token if it is repeated because of a lost response or a double click", async () => {
    const { own, begin, stop } = await setUpAdministrator();
    const { token } = await begin();
    const results = await Promise.all([stop(token), stop(token)]);
    expect([...results, await stop(token)].map((each) => each.token)).toEqual(Array(3).fill(own.token));
  });

  it("does nothing and returns false for a session without an actor, and for a visitor without a session", async () => {
    const { own, stop } = await setUpAdministrator();
    expect([(await stop(own.token)).hasStopped, (await stop("")).hasStopped]).toEqual([false, false]);
  });

  it("restores the actor's session even after the impersonation's time limit", async () => {
    const { own, begin, stop, request, advance } = await setUpAdministrator();
    const { token } = await begin();
    advance(HOUR);
    const ended = await request(token);
    expect([ended.record, ended.refusal, ended.subject, ended.actor]).toEqual([null, "expired", null, null]);
    expect(ended.impersonation).toMatchObject({ subject: "ada", hasEnded: true });
    expect((await stop(token)).token).toBe(own.token);
  });

  it("also ends impersonations that the same session began in requests whose responses were lost", async () => {
    const { own, begin, stop, findRefusal } = await setUpAdministrator();
    const lost = await begin();
    const { token } = await begin(own.token, "eve");
    await stop(token);
    expect(await findRefusal(lost.token)).toBe("revoked");
  });

  it("throws if the actor has to log in again, and restores no session", async () => {
    const { own, begin, stop, manager, findRefusal } = await setUpAdministrator();
    const { token } = await begin();
    await manager.rotate(own.record.id);
    expect(await catchErrorCode(stop(token))).toBe("SESSION_REQUIRED");
    expect(await findRefusal(token)).toBe("revoked");
    await manager.revoke({ subject: "clerk" });
    expect(await catchErrorCode(stop(token))).toBe("SESSION_REVOKED");
  });

  it("throws for a forged token with the id of an impersonation", async () => {
    const { begin, stop, manager } = await setUpAdministrator();
    const { session, token } = await begin();
    const forged = manager.ring.seal(session.id, token.slice(22, 43) + (token[43] === "A" ? "B" : "A"));
    expect((await stop(forged)).hasStopped).toBe(false);
    await manager.revoke({ session: session.id });
    expect((await stop(forged)).hasStopped).toBe(false);
  });
});
