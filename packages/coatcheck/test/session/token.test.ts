import { describe, expect, it } from "vitest";
import { isSessionId } from "../../src/session/record.ts";
import {
  compactId,
  constantTimeEqual,
  createPooledRandom,
  hashSecret,
  idOfToken,
  newSecret,
  newSessionId,
  SecretRing,
  secretOfToken,
  TOKEN_LENGTH,
} from "../../src/session/token.ts";

const random = createPooledRandom();
const ring = new SecretRing(["the newest of secrets", "the secret before it"]);

describe("a token", () => {
  const id = newSessionId(random);
  const secret = newSecret(random);
  const token = ring.seal(id, secret);

  it("consists of the session id, a secret and a signature, in 50 characters that are valid in a cookie", () => {
    expect(isSessionId(id)).toBe(true);
    expect(token).toMatch(/^[A-Za-z0-9_-]{50}$/);
    expect(token).toHaveLength(TOKEN_LENGTH);
    expect(token.startsWith(compactId(id))).toBe(true);
    expect(idOfToken(token)).toBe(id);
    expect(secretOfToken(token)).toBe(secret);
  });

  it("does not contain the hash that is stored", () => {
    expect(token).not.toContain(hashSecret(secret));
    expect(hashSecret(secret)).not.toContain(secret);
  });

  it("is signed with the first secret of the ring, and can be verified with every secret", () => {
    expect(ring.hasValidSeal(token)).toBe(true);
    expect(ring.hasValidSeal(new SecretRing(["the secret before it"]).seal(id, secret))).toBe(true);
    expect(new SecretRing(["the secret before it"]).hasValidSeal(token)).toBe(false);
  });

  it("fails verification when any single character changes", () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (let index = 0; index < token.length; index++) {
      for (const character of alphabet) {
        if (character === token[index]) continue;
        const forged = token.slice(0, index) + character + token.slice(index + 1);
        expect(ring.hasValidSeal(forged), `${character} at ${index}`).toBe(false);
      }
    }
  });

  it.each(["", "x", "x".repeat(49), "x".repeat(51), "\0".repeat(50), "é".repeat(50), "x".repeat(10_000_000)])(
    "fails verification if it is arbitrary text (%#)",
    (text) => {
      expect(ring.hasValidSeal(text)).toBe(false);
    },
  );
});

describe("a SecretRing", () => {
  it("throws for an empty list, for a short secret, and for a secret that is not a string", () => {
    expect(() => new SecretRing([])).toThrow(expect.objectContaining({ code: "VALIDATION_FAILED" }));
    expect(() => new SecretRing(["long enough to be one", "short"])).toThrow(
      expect.objectContaining({
        faults: [{ path: "secrets.1", message: "must have at least 16 characters" }],
      }),
    );
    expect(() => new SecretRing([" ".repeat(32)])).toThrow(
      expect.objectContaining({ faults: [{ path: "secrets.0", message: "must not be blank" }] }),
    );
    // Values that JavaScript code may pass, such as an unset environment variable, or a string instead of a list.
    for (const [given, path] of [
      [[undefined], "secrets.0"],
      ["a text of sixteen characters and more", "secrets"],
    ] as const) {
      expect(() => Reflect.construct(SecretRing, [given])).toThrow(
        expect.objectContaining({ faults: [expect.objectContaining({ path })] }),
      );
    }
  });

  it("accepts a signature only for its own purpose and text", () => {
    const signature = ring.sign("csrf", "text");
    expect(ring.verify("csrf", "text", signature)).toBe(true);
    expect(ring.verify("other", "text", signature)).toBe(false);
    expect(ring.verify("csrf", "texts", signature)).toBe(false);
    expect(ring.verify("csrf", "text", "")).toBe(false);
  });

  it("finds a session secret that was derived with an older secret of the ring", () => {
    const before = new SecretRing(["the secret before it"]);
    const successor = before.deriveSuccessor("id", "old");
    expect(ring.findSuccessor("id", "old", hashSecret(successor))).toBe(successor);
    expect(ring.findSuccessor("id", "another", hashSecret(successor))).toBeNull();
  });
});

describe("SecretRing.encrypt() and decrypt()", () => {
  const context = ["login", "session", "alice"];
  const encrypted = ring.encrypt(context, "the secret", random);

  it("restore the secret for the same context", () => {
    expect(encrypted).not.toContain("the secret");
    expect(ring.decrypt(context, encrypted)).toBe("the secret");
  });

  it("return null if a field of the context differs, or if the same text is divided into fields in another way", () => {
    const others = [
      ["rotate", "session", "alice"],
      ["login", "other", "alice"],
      ["login", "session", "bob"],
      ["login", "session"],
      ["login", "session", "alice", ""],
      ["login", "sessiona", "lice"],
      ["loginsession", "alice"],
      ["login7:session", "alice"],
    ];
    for (const other of others) expect(ring.decrypt(other, encrypted), other.join()).toBeNull();
  });

  it("return null when any byte of the ciphertext differs, and for a text that is too short", () => {
    const bytes = Buffer.from(encrypted, "base64url");
    for (let index = 0; index < bytes.length; index++) {
      const altered = Buffer.from(bytes);
      altered.writeUInt8(altered.readUInt8(index) ^ 1, index);
      expect(ring.decrypt(context, altered.toString("base64url")), `byte ${index}`).toBeNull();
    }
    for (const text of ["", "x", encrypted.slice(0, 37)]) expect(ring.decrypt(context, text)).toBeNull();
  });

  it("use a different nonce each time", () => {
    expect(ring.encrypt(context, "the secret", random)).not.toBe(encrypted);
  });

  it("decrypt texts that an older secret of the ring encrypted, but no text that a secret outside the ring encrypted", () => {
    const before = new SecretRing(["the secret before it"]).encrypt(context, "the secret", random);
    const foreign = new SecretRing(["a secret of another ring"]).encrypt(context, "the secret", random);
    expect(ring.decrypt(context, before)).toBe("the secret");
    expect(ring.decrypt(context, foreign)).toBeNull();
  });

  it("accept a context that is longer than the limit of OpenSSL for HKDF", () => {
    const long = ["login", "x".repeat(5000)];
    expect(ring.decrypt(long, ring.encrypt(long, "the secret", random))).toBe("the secret");
  });
});

describe("secrets and their hashes", () => {
  it("newSecret() generates 20,000 different secrets", () => {
    const seen = new Set(Array.from({ length: 20_000 }, () => newSecret(random)));
    expect(seen.size).toBe(20_000);
  });

  it("constantTimeEqual() returns false if any character or the length differs", () => {
    const hash = hashSecret("secret");
    expect(constantTimeEqual(hash, hash)).toBe(true);
    for (let index = 0; index < hash.length; index++) {
      const other = `${hash.slice(0, index)}!${hash.slice(index + 1)}`;
      expect(constantTimeEqual(hash, other)).toBe(false);
    }
    expect(constantTimeEqual(hash, hash.slice(1))).toBe(false);
    expect(constantTimeEqual(hash.slice(0, -1), hash)).toBe(false);
  });
});
