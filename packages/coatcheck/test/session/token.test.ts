import { describe, expect, it } from "vitest";
import { isSessionId } from "../../src/session/record.ts";
import {
  compactId,
  equalHashes,
  hashSecret,
  idOfToken,
  newSecret,
  newSessionId,
  pooledRandom,
  SecretRing,
  secretOfToken,
  TOKEN_LENGTH,
} from "../../src/session/token.ts";

const random = pooledRandom();
const ring = new SecretRing(["the newest of secrets", "the secret before it"]);

describe("a token", () => {
  const id = newSessionId(random);
  const secret = newSecret(random);
  const token = ring.seal(id, secret);

  it("is id, secret and seal in 50 characters that a cookie can carry", () => {
    expect(isSessionId(id)).toBe(true);
    expect(token).toMatch(/^[A-Za-z0-9_-]{50}$/);
    expect(token).toHaveLength(TOKEN_LENGTH);
    expect(token.startsWith(compactId(id))).toBe(true);
    expect(idOfToken(token)).toBe(id);
    expect(secretOfToken(token)).toBe(secret);
  });

  it("does not carry what the store keeps", () => {
    expect(token).not.toContain(hashSecret(secret));
    expect(hashSecret(secret)).not.toContain(secret);
  });

  it("is opened by every secret of the ring, and sealed by the first", () => {
    expect(ring.opens(token)).toBe(true);
    expect(ring.opens(new SecretRing(["the secret before it"]).seal(id, secret))).toBe(true);
    expect(new SecretRing(["the secret before it"]).opens(token)).toBe(false);
  });

  it("is forged when any one of its characters is another", () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (let index = 0; index < token.length; index++) {
      for (const character of alphabet) {
        if (character === token[index]) continue;
        const forged = token.slice(0, index) + character + token.slice(index + 1);
        expect(ring.opens(forged), `${character} at ${index}`).toBe(false);
      }
    }
  });

  it.each(["", "x", "x".repeat(49), "x".repeat(51), "\0".repeat(50), "é".repeat(50), "x".repeat(10_000_000)])(
    "is anything but nonsense (%#)",
    (nonsense) => {
      expect(ring.opens(nonsense)).toBe(false);
    },
  );
});

describe("a secret ring", () => {
  it("wants secrets, long ones", () => {
    expect(() => new SecretRing([])).toThrow(expect.objectContaining({ code: "VALIDATION_FAILED" }));
    expect(() => new SecretRing(["long enough to be one", "short"])).toThrow(
      expect.objectContaining({
        faults: [{ path: "secrets.1", message: "must have at least 16 characters" }],
      }),
    );
    // As JavaScript gives them: a variable of the environment that nobody has set, a text for a list.
    for (const [given, path] of [
      [[undefined], "secrets.0"],
      ["a text of sixteen characters and more", "secrets"],
    ] as const) {
      expect(() => Reflect.construct(SecretRing, [given])).toThrow(
        expect.objectContaining({ faults: [expect.objectContaining({ path })] }),
      );
    }
  });

  it("keeps signatures for different purposes apart", () => {
    const signature = ring.sign("csrf", "text");
    expect(ring.verifies("csrf", "text", signature)).toBe(true);
    expect(ring.verifies("other", "text", signature)).toBe(false);
    expect(ring.verifies("csrf", "texts", signature)).toBe(false);
    expect(ring.verifies("csrf", "text", "")).toBe(false);
  });

  it("finds a successor again after a newer secret was put in front", () => {
    const before = new SecretRing(["the secret before it"]);
    const successor = before.successor("id", "old");
    expect(ring.successorMatching("id", "old", hashSecret(successor))).toBe(successor);
    expect(ring.successorMatching("id", "another", hashSecret(successor))).toBeNull();
  });
});

describe("randomness and hashes", () => {
  it("never comes twice", () => {
    const seen = new Set(Array.from({ length: 20_000 }, () => newSecret(random)));
    expect(seen.size).toBe(20_000);
  });

  it("is told from its like by every character", () => {
    const hash = hashSecret("secret");
    expect(equalHashes(hash, hash)).toBe(true);
    for (let index = 0; index < hash.length; index++) {
      const other = `${hash.slice(0, index)}!${hash.slice(index + 1)}`;
      expect(equalHashes(hash, other)).toBe(false);
    }
    expect(equalHashes(hash, hash.slice(1))).toBe(false);
    expect(equalHashes(hash.slice(0, -1), hash)).toBe(false);
  });
});
