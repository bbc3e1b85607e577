import { expect, test } from "vitest";
import { KeyRing } from "../../src/session/key-ring.ts";

const USE = { input: "gateway secrets", purpose: "tests" };

const OLD = "the secret of last year";
const NEW = "the secret of this year";
const TEXT = JSON.stringify({ token: "t0ken", cookies: [{ key: "PHPSESSID", value: "algérienne" }] });

test("encrypt() returns a different ciphertext each time, and decrypt() restores the plaintext", () => {
  const ring = new KeyRing([NEW], USE);
  const [first, second] = [ring.encrypt(TEXT, "a"), ring.encrypt(TEXT, "a")];
  expect(first).not.toBe(second);
  expect(first).not.toContain("PHPSESSID");
  expect(ring.decrypt(first, "a")).toBe(TEXT);
});

test("decrypt() accepts texts that any secret of the ring encrypted, and encrypt() uses the newest secret", () => {
  const before = new KeyRing([OLD], USE).encrypt(TEXT, "a");
  const rotated = new KeyRing([NEW, OLD], USE);
  expect(rotated.decrypt(before, "a")).toBe(TEXT);
  const after = rotated.encrypt(TEXT, "a");
  expect(new KeyRing([OLD], USE).decrypt(after, "a")).toBeNull();
  expect(new KeyRing([NEW], USE).decrypt(after, "a")).toBe(TEXT);
});

test("decrypt() returns null for a text that was encrypted for another session", () => {
  const ring = new KeyRing([NEW], USE);
  expect(ring.decrypt(ring.encrypt(TEXT, "a"), "b")).toBeNull();
});

test("decrypt() returns null for an altered or truncated text", () => {
  const ring = new KeyRing([NEW], USE);
  const text = ring.encrypt(TEXT, "a");
  for (let at = 0; at < text.length - 1; at++) {
    const altered = text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
    expect(ring.decrypt(altered, "a")).toBeNull();
    expect(ring.decrypt(text.slice(0, at), "a")).toBeNull();
  }
});

test("tryDecrypt() reports whether the key is unknown or the text was altered", () => {
  const ring = new KeyRing([NEW], USE);
  const text = ring.encrypt(TEXT, "a");
  expect(ring.tryDecrypt(text, "a")).toEqual({ text: TEXT, fault: null });
  expect(ring.tryDecrypt(text, "b").fault).toBe("altered");
  expect(ring.tryDecrypt(text.slice(0, 8), "a").fault).toBe("altered");
  expect(new KeyRing([OLD], USE).tryDecrypt(text, "a").fault).toBe("unknown-key");
  expect(new KeyRing([NEW], { ...USE, purpose: "another use" }).tryDecrypt(text, "a").fault).toBe(
    "unknown-key",
  );
});

test("isNewest() returns true only for texts that the newest secret encrypted", () => {
  const text = new KeyRing([OLD], USE).encrypt(TEXT, "a");
  expect(new KeyRing([OLD], USE).isNewest(text)).toBe(true);
  expect(new KeyRing([NEW, OLD], USE).isNewest(text)).toBe(false);
});

test("the KeyRing constructor throws for an empty list and for a secret of fewer than 16 characters", () => {
  expect(() => new KeyRing([], USE)).toThrow(expect.objectContaining({ code: "VALIDATION_FAILED" }));
  expect(() => new KeyRing([NEW, "short"], USE)).toThrow(
    expect.objectContaining({
      message: "Invalid gateway secrets: secrets.1 must have at least 16 characters.",
      faults: [{ path: "secrets.1", message: "must have at least 16 characters" }],
    }),
  );
});
