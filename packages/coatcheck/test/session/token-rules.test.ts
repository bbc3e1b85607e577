import { describe, expect, it } from "vitest";
import type { SessionRecord } from "../../src/session/record.ts";
import { createPooledRandom, hashSecret, newSecret, SecretRing } from "../../src/session/token.ts";
import { type SecretReplacement, TokenRules } from "../../src/session/token-rules.ts";
import { makeRecord } from "../../src/testing/records.ts";

const TOKEN_OVERLAP = 30_000;
const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 1);
const ring = new SecretRing(["a secret for these tests"]);
const random = createPooledRandom();
const rules = new TokenRules(ring, random, { tokenOverlap: TOKEN_OVERLAP });

/**
 * Creates a session, and functions that change and check its secrets. `secrets` contains all its secrets, oldest first.
 */
function createSession(subject: string | null = "alice") {
  const secrets = [newSecret(random)];
  let record = makeRecord({
    subject,
    createdAt: START,
    secretHash: hashSecret(secrets[0] ?? ""),
    expiresAt: START + 60 * MINUTE,
  });
  const presentedAt = (index: number) => rules.parse(ring.seal(record.id, secrets[index] ?? ""));
  const changeOf = (fields: Partial<SecretReplacement> & { by?: number }): SecretReplacement => ({
    purpose: "login",
    presented: presentedAt(fields.by ?? 0),
    subject,
    older: "keep",
    now: START,
    ...fields,
  });
  const at = (time: number) => START + time;
  return {
    get record(): SessionRecord {
      return record;
    },
    secrets,
    presentedAt,
    changeOf,
    replace: (fields: Partial<SecretReplacement> & { by?: number } = {}) => {
      const { secret, fields: token } = rules.replaceSecret(record, changeOf(fields));
      secrets.push(secret);
      record = { ...record, ...token };
    },
    use: (time: number) => {
      record = { ...record, ...rules.withFirstUse(record, at(time)) };
    },
    check: (index: number, time = 0) => rules.check(record, presentedAt(index).hash, at(time)),
    mayWrite: (index: number, time = 0) => rules.mayWrite(record, presentedAt(index).hash, at(time)),
    mayLogOut: (index: number, time = 0) => rules.mayLogOut(record, presentedAt(index).hash, at(time)),
    reissue: (fields: Partial<SecretReplacement> & { by?: number } = {}) =>
      rules.reissueSecret(record, changeOf(fields)),
  };
}

describe("TokenRules.parse()", () => {
  it("returns the secret of a token and its hash", () => {
    const secret = newSecret(random);
    expect(rules.parse(ring.seal(makeRecord().id, secret))).toEqual({
      secret,
      hash: hashSecret(secret),
    });
  });
});

describe("TokenRules.check()", () => {
  it("returns `current` for the session's current secret, and `unknown` for the secret of another session", () => {
    const { record, check } = createSession();
    expect(check(0)).toBe("current");
    expect(rules.check(record, hashSecret("other"), START)).toBe("unknown");
  });

  it("returns `older` for a replaced secret until its validity ends, and `replaced` afterwards", () => {
    const { replace, check } = createSession();
    replace();
    expect(check(0, 10 * MINUTE - 1)).toBe("older");
    expect(check(0, 10 * MINUTE)).toBe("replaced");
  });

  it("returns `superseded` for an invalidated secret within the overlap, and `replaced` afterwards", () => {
    const { replace, check } = createSession();
    replace({ older: "invalidate" });
    expect(check(0)).toBe("superseded");
    expect(check(0, TOKEN_OVERLAP - 1)).toBe("superseded");
    expect(check(0, TOKEN_OVERLAP)).toBe("replaced");
  });

  it("does not restart the overlap of an older secret when a newer secret is replaced too", () => {
    const { replace, check } = createSession();
    replace({ older: "invalidate" });
    replace({ older: "invalidate", by: 1, now: START + 20_000 });
    expect(check(0, TOKEN_OVERLAP)).toBe("replaced");
    expect(check(1, TOKEN_OVERLAP)).toBe("superseded");
  });

  it("returns `reused` for a periodically rotated secret after its validity, unless a login has invalidated the secret", () => {
    const { replace, use, check } = createSession();
    replace({ purpose: "periodic" });
    use(0);
    expect(check(0, TOKEN_OVERLAP - 1)).toBe("older");
    expect(check(0, TOKEN_OVERLAP)).toBe("reused");
    replace({ older: "invalidate", by: 1, now: START + 1 });
    expect(check(0, TOKEN_OVERLAP)).toBe("replaced");
  });
});

describe("TokenRules.mayWrite()", () => {
  it("returns true for the current secret and a valid older secret, and false for other secrets", () => {
    const { record, replace, mayWrite } = createSession();
    replace();
    expect([mayWrite(0), mayWrite(1)]).toEqual([true, true]);
    replace({ older: "invalidate", by: 1 });
    expect([mayWrite(0), mayWrite(1), mayWrite(2)]).toEqual([false, false, true]);
    expect(rules.mayWrite(record, hashSecret("other"), START)).toBe(false);
  });
});

describe("TokenRules.mayLogOut()", () => {
  it("returns true for an invalid older secret until one overlap after the first use of the new secret", () => {
    const { replace, use, mayLogOut } = createSession();
    replace({ older: "invalidate" });
    expect(mayLogOut(0, 50 * MINUTE)).toBe(true);
    use(MINUTE);
    expect(mayLogOut(0, MINUTE + TOKEN_OVERLAP - 1)).toBe(true);
    expect(mayLogOut(0, MINUTE + TOKEN_OVERLAP)).toBe(false);
    expect(mayLogOut(1, MINUTE + TOKEN_OVERLAP)).toBe(true);
  });

  it("returns false for an unknown secret", () => {
    expect(rules.mayLogOut(createSession().record, hashSecret("other"), START)).toBe(false);
  });
});

describe("TokenRules.replaceSecret()", () => {
  it("returns a random secret, and adds the replaced secret to the older secrets", () => {
    const session = createSession();
    const [first, second] = [0, 1].map(
      () => rules.replaceSecret(session.record, session.changeOf({})).secret,
    );
    expect(first).not.toBe(second);
    session.replace();
    expect(session.record).toMatchObject({ rotatedAt: START, tokenUsedAt: null });
    expect(session.record.olderSecrets).toEqual([
      {
        hash: session.presentedAt(0).hash,
        replacedAt: START,
        validUntil: START + 10 * MINUTE,
        revokesOnReuse: false,
      },
    ]);
  });

  it.each([
    ["login", 10 * MINUTE],
    ["elevate", 10 * MINUTE],
    ["rotate", 60 * MINUTE],
    ["periodic", 60 * MINUTE],
  ] as const)(
    "after a %s, keeps the older secret valid for %i ms while the new secret is not used",
    (purpose, validity) => {
      const { replace, check } = createSession();
      replace({ purpose });
      expect(check(0, validity - 1)).toBe("older");
      expect(check(0, validity)).not.toBe("older");
    },
  );

  it("invalidates every older secret at once if `older` is `invalidate`", () => {
    const { replace, check } = createSession();
    replace();
    replace({ by: 1, older: "invalidate" });
    expect([check(0), check(1), check(2)]).toEqual(["superseded", "superseded", "current"]);
  });

  it("keeps the eight newest of the older secrets, and drops the rest", () => {
    const { replace, check } = createSession();
    for (let by = 0; by < 9; by++) replace({ by });
    expect([check(0), check(1)]).toEqual(["unknown", "older"]);
  });

  it("stores no encrypted secret for repeated requests if the change needs no token", () => {
    const { record, changeOf } = createSession();
    expect(rules.replaceSecret(record, changeOf({ presented: null })).fields.wrappedSecret).toBeNull();
  });
});

describe("TokenRules.reissueSecret()", () => {
  it("returns, for a repeated request within the overlap, the secret that the first request received", () => {
    const { secrets, replace, reissue } = createSession();
    replace({ older: "invalidate" });
    expect(reissue()).toBe(secrets[1]);
    expect(reissue({ now: START + TOKEN_OVERLAP - 1 })).toBe(secrets[1]);
  });

  it("returns null if purpose, scope, subject or token differ from those of the first request", () => {
    const { replace, reissue, presentedAt } = createSession();
    replace({ purpose: "elevate", scope: "payment" });
    const same = { purpose: "elevate", scope: "payment" } as const;
    expect(reissue(same)).not.toBeNull();
    expect(reissue({ ...same, purpose: "login" })).toBeNull();
    expect(reissue({ ...same, scope: "admin" })).toBeNull();
    expect(reissue({ ...same, subject: "bob" })).toBeNull();
    expect(reissue({ ...same, presented: presentedAt(1) })).toBeNull();
    expect(reissue({ ...same, presented: null })).toBeNull();
  });

  it("after the overlap, returns null for an invalid token, but still returns the secret for a valid token", () => {
    const { replace, reissue } = createSession();
    replace({ older: "invalidate" });
    expect(reissue({ now: START + TOKEN_OVERLAP })).toBeNull();
    const late = createSession();
    late.replace();
    expect(late.reissue({ now: START + 9 * MINUTE })).toBe(late.secrets[1]);
  });

  it("returns null as soon as one overlap has passed since the first use of the new token", () => {
    const { replace, use, reissue, secrets } = createSession();
    replace({ older: "invalidate" });
    use(-1);
    expect(reissue({ now: START + TOKEN_OVERLAP - 2 })).toBe(secrets[1]);
    expect(reissue({ now: START + TOKEN_OVERLAP - 1 })).toBeNull();
  });

  it("returns null as soon as another change has replaced the secret", () => {
    const { replace, reissue } = createSession();
    replace();
    replace({ purpose: "rotate", by: 1 });
    expect(reissue()).toBeNull();
  });
});

describe("TokenRules.withFirstUse() and awaitsFirstUse()", () => {
  it("end the validity of older secrets one overlap after the first use of the new secret", () => {
    const session = createSession();
    expect(rules.awaitsFirstUse(session.record)).toBe(false);
    session.replace({ purpose: "rotate" });
    expect(rules.awaitsFirstUse(session.record)).toBe(true);
    session.use(MINUTE);
    expect(rules.awaitsFirstUse(session.record)).toBe(false);
    expect(session.record.tokenUsedAt).toBe(START + MINUTE);
    expect(session.check(0, MINUTE + TOKEN_OVERLAP - 1)).toBe("older");
    expect(session.check(0, MINUTE + TOKEN_OVERLAP)).toBe("replaced");
  });
});

describe("TokenRules.elevationsFor()", () => {
  it("returns the elevations for the current token and for a change that needs no token, but none for an older token", () => {
    const session = createSession();
    session.replace();
    const record = { ...session.record, elevations: { payment: START } };
    expect(rules.elevationsFor(record, session.presentedAt(1))).toEqual({ payment: START });
    expect(rules.elevationsFor(record, null)).toEqual({ payment: START });
    expect(rules.elevationsFor(record, session.presentedAt(0))).toEqual({});
  });
});

describe("TokenRules.wrappedSecretAt()", () => {
  it("returns null as soon as one overlap has passed since the first use of the new token", () => {
    const session = createSession();
    session.replace();
    const wrappedAt = (time: number) => rules.wrappedSecretAt(session.record, START + time);
    expect(wrappedAt(9 * MINUTE)).not.toBeNull();
    session.use(MINUTE);
    expect(wrappedAt(MINUTE + TOKEN_OVERLAP - 1)).not.toBeNull();
    expect(wrappedAt(MINUTE + TOKEN_OVERLAP)).toBeNull();
  });
});
