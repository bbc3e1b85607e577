import { describe, expect, it } from "vitest";
import {
  addOlderSecret,
  findOlderSecret,
  invalidateAll,
  limitValidity,
  type OlderSecret,
} from "../../src/session/older-secrets.ts";

const createOlderSecret = (hash: string, fields: Partial<OlderSecret> = {}): OlderSecret => ({
  hash,
  replacedAt: 100,
  validUntil: 1000,
  revokesOnReuse: false,
  ...fields,
});

describe("addOlderSecret()", () => {
  it("adds a secret at the beginning of the list, and drops the ninth secret", () => {
    const eight = Array.from({ length: 8 }, (_item, index) => createOlderSecret(`hash ${index}`));
    const added = addOlderSecret(eight, createOlderSecret("new"));
    expect(added).toHaveLength(8);
    expect(added[0]?.hash).toBe("new");
    expect(added.at(-1)?.hash).toBe("hash 6");
    expect(eight).toHaveLength(8);
  });
});

describe("invalidateAll()", () => {
  it("ends the validity of every secret that is still valid", () => {
    const secrets = invalidateAll([createOlderSecret("a"), createOlderSecret("b", { validUntil: 200 })], 500);
    expect(secrets.map(({ validUntil }) => validUntil)).toEqual([500, 200]);
  });

  it("sets `revokesOnReuse` to false, so that a later use of the secret does not revoke the session", () => {
    expect(invalidateAll([createOlderSecret("a", { revokesOnReuse: true })], 500)[0]?.revokesOnReuse).toBe(
      false,
    );
  });

  it("does not change `replacedAt`, at which the overlap starts", () => {
    expect(invalidateAll([createOlderSecret("a")], 500)[0]?.replacedAt).toBe(100);
  });
});

describe("limitValidity()", () => {
  it("ends a validity at the limit if it would end later, and does not change a validity that ends earlier", () => {
    const secrets = limitValidity([createOlderSecret("a"), createOlderSecret("b", { validUntil: 200 })], 500);
    expect(secrets).toEqual([
      createOlderSecret("a", { validUntil: 500 }),
      createOlderSecret("b", { validUntil: 200 }),
    ]);
  });
});

describe("findOlderSecret()", () => {
  it("finds a secret by its hash, and returns null for another hash", () => {
    const secrets = [createOlderSecret("a"), createOlderSecret("b")];
    expect(findOlderSecret(secrets, "b")).toBe(secrets[1]);
    expect(findOlderSecret(secrets, "c")).toBeNull();
    expect(findOlderSecret([], "a")).toBeNull();
  });
});
