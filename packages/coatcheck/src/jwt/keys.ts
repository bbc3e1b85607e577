import type { CryptoKey, JWK, KeyObject } from "jose";
import type { Fault } from "../session/errors.ts";
import { type KnownOptions, requireKnownOptions, requireList } from "../session/known-options.ts";
import { describeValue, usageError } from "../session/usage-error.ts";

/** The accepted signature algorithms. All are asymmetric, so a process that has only public keys cannot sign. */
export type JwtAlgorithm = "EdDSA" | "ES256" | "RS256";

const JWT_ALGORITHMS: readonly unknown[] = ["EdDSA", "ES256", "RS256"] satisfies JwtAlgorithm[];

/** A key pair that signs and verifies JWTs. */
export interface JwtKey {
  /** The value of the header `kid`, unique in the list. */
  readonly id: string;
  readonly algorithm: JwtAlgorithm;
  readonly publicKey: CryptoKey | KeyObject | JWK;
  /** Not needed in a process that only verifies. */
  readonly privateKey?: CryptoKey | KeyObject | JWK;
}

const JWT_KEY_FIELDS = {
  id: true,
  algorithm: true,
  publicKey: true,
  privateKey: true,
} satisfies KnownOptions<JwtKey>;

const OPTIONS_LABEL = "options of createJwts()";

/** The keys of an application, newest first. The first key with a private key signs; all keys verify. */
export class JwtKeys {
  readonly #keys: ReadonlyMap<string, JwtKey>;

  /** @throws UsageError for an empty list, a repeated id, another algorithm, and a key of the wrong kind. */
  constructor(keys: readonly JwtKey[]) {
    requireList(OPTIONS_LABEL, "keys", keys);
    if (keys.length === 0)
      throw usageError(OPTIONS_LABEL, [{ path: "keys", message: "must contain at least one key" }]);
    const faults = keys.flatMap((key, index) => keyFaults(key, `keys.${index}`));
    if (faults.length > 0) throw usageError(OPTIONS_LABEL, faults);
    this.#keys = new Map(keys.map((key) => [key.id, key]));
    if (this.#keys.size < keys.length)
      throw usageError(OPTIONS_LABEL, [{ path: "keys", message: "must all have different ids" }]);
  }

  /** Returns the key with an id; undefined for an unknown id. */
  find(id: unknown): JwtKey | undefined {
    return typeof id === "string" ? this.#keys.get(id) : undefined;
  }

  /** Returns the newest key that can sign. Throws `UsageError` when none can. */
  requireSigningKey(): JwtKey & { readonly privateKey: NonNullable<JwtKey["privateKey"]> } {
    for (const key of this.#keys.values()) {
      const { privateKey } = key;
      if (privateKey !== undefined) return { ...key, privateKey };
    }
    throw usageError(OPTIONS_LABEL, [
      { path: "keys", message: "must contain a key with a privateKey, because this process issues JWTs" },
    ]);
  }
}

function keyFaults(key: JwtKey, path: string): readonly Fault[] {
  requireKnownOptions(OPTIONS_LABEL, key, JWT_KEY_FIELDS, path);
  const { id, algorithm, publicKey, privateKey } = key;
  const faults: Fault[] = [];
  if (typeof id !== "string" || id === "") {
    faults.push({ path: `${path}.id`, message: `must be a non-empty string (got ${describeValue(id)})` });
  }
  if (!JWT_ALGORITHMS.includes(algorithm)) {
    const message = `must be one of ${JWT_ALGORITHMS.join(", ")} (got ${describeValue(algorithm)})`;
    faults.push({ path: `${path}.algorithm`, message });
  }
  if (keyKind(publicKey) !== "public") {
    faults.push({ path: `${path}.publicKey`, message: `must be a public key (got ${keyKind(publicKey)})` });
  }
  if (privateKey !== undefined && keyKind(privateKey) !== "private") {
    faults.push({
      path: `${path}.privateKey`,
      message: `must be a private key (got ${keyKind(privateKey)})`,
    });
  }
  return faults;
}

/**
 * Returns the kind of a key. A JWK has the member `kty`, and `d` if it is private. A CryptoKey or KeyObject has the
 * member `type`.
 */
function keyKind(key: unknown): string {
  if (typeof key !== "object" || key === null) return describeValue(key);
  if ("kty" in key) return key.kty === "oct" ? "a shared secret" : "d" in key ? "private" : "public";
  return "type" in key ? String(key.type) : describeValue(key);
}
