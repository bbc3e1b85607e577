import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { KeyRing } from "../../src/session/key-ring.ts";
import { SessionManager } from "../../src/session/manager.ts";
import { DEFAULT_POLICY, type SessionPolicy } from "../../src/session/policy.ts";
import { memoryStore } from "../../src/store/memory.ts";

const MINUTE = 60_000;
const secrets = ["a secret for these tests"];

const createManager = (policy: Partial<SessionPolicy>, given: readonly string[] = secrets) =>
  new SessionManager({ store: memoryStore(), secrets: given, policy });

describe("a policy with an idle timeout and an absolute timeout", () => {
  it.each<[Partial<SessionPolicy>, string]>([
    [
      { idleTimeout: 90_000, absoluteTimeout: 60_000 },
      "idleTimeout must be at most absoluteTimeout, 60000 (got 90000)",
    ],
    [
      { rememberMe: { idleTimeout: 90_000, absoluteTimeout: 60_000 } },
      "rememberMe.idleTimeout must be at most rememberMe.absoluteTimeout, 60000 (got 90000)",
    ],
  ])("is refused if the idle timeout is longer: %j", (policy, message) => {
    expect(() => createManager(policy)).toThrow(
      expect.objectContaining({
        code: "VALIDATION_FAILED",
        message: `Invalid session policy: ${message}.`,
      }),
    );
  });

  it("is accepted if both are equal, and if the longer one is a default", () => {
    expect(createManager({ absoluteTimeout: 60 * MINUTE }).policy.idleTimeout).toBe(
      DEFAULT_POLICY.idleTimeout,
    );
    createManager({ idleTimeout: 2 * DEFAULT_POLICY.absoluteTimeout });
    createManager({ idleTimeout: 60 * MINUTE, absoluteTimeout: 60 * MINUTE });
  });
});

describe("a probable mistake in the options of SessionManager", () => {
  const warn = vi.spyOn(process, "emitWarning");
  beforeEach(() => {
    warn.mockReset().mockImplementation(() => {});
    vi.stubEnv("NODE_ENV", "development");
  });
  afterEach(() => vi.unstubAllEnvs());

  it("causes a warning for a secret that looks like a list; the warning does not contain the secret", () => {
    const joined = "the newest secret of all, the secret before that";
    createManager({}, [...secrets, joined]);
    new KeyRing([joined], { input: "gateway secrets", purpose: "tests" });
    expect(warn.mock.calls).toEqual(
      ["session secrets: secrets.1", "gateway secrets: secrets.0"].map((place) => [
        `Probable mistake in the ${place} looks like 2 secrets in one string; split it, as in secrets: text.split(",").`,
        { code: "COATCHECK_JOINED_SECRETS" },
      ]),
    );
  });

  it("causes no warning for usual values, and none in production", () => {
    createManager({ idleTimeout: MINUTE, absoluteTimeout: MINUTE, rotateEvery: MINUTE }, [
      "one secret, with commas, and short words",
    ]);
    vi.stubEnv("NODE_ENV", "production");
    createManager({ idleTimeout: 3601 }, ["another newest secret,another secret before it"]);
    expect(warn).not.toHaveBeenCalled();
  });
});

it("the error for a single secret instead of a list of secrets does not contain the secret", () => {
  expect(() => createManager({}, "a short,secret" as never)).toThrow(
    "Invalid session secrets: secrets must be a list, such as [value] (got string).",
  );
});
