import { hash, timingSafeEqual } from "node:crypto";
import type { ApiKey } from "./config.ts";

/** The sender of a request that carries the admin token or an API key. */
export type Principal = { readonly kind: "admin" } | { readonly kind: "consumer"; readonly name: string };

interface CredentialEntry {
  readonly digest: Buffer;
  readonly principal: Principal;
}

/** The admin token and the API keys. Holds only their SHA-256 digests. */
export class Credentials {
  readonly #entries: readonly CredentialEntry[];

  constructor(adminToken: string, apiKeys: readonly ApiKey[]) {
    this.#entries = [
      { digest: digestOf(adminToken), principal: { kind: "admin" } },
      ...apiKeys.map(({ name, key }): CredentialEntry => {
        const principal = { kind: "consumer", name: name ?? fingerprintOf(key) } as const;
        return { digest: digestOf(key), principal };
      }),
    ];
  }

  /**
   * Returns the principal of a credential, or null. Compares the credential with all entries in constant time, so that
   * the duration does not reveal a partial match.
   */
  find(credential: string): Principal | null {
    const digest = digestOf(credential);
    let found: Principal | null = null;
    for (const entry of this.#entries) {
      if (timingSafeEqual(entry.digest, digest)) found ??= entry.principal;
    }
    return found;
  }
}

function digestOf(text: string): Buffer {
  return hash("sha256", text, "buffer");
}

/** Returns a name for an unnamed key. It is derived from the key only, and does not reveal the key. */
function fingerprintOf(key: string): string {
  return `key-${hash("sha256", `name:${key}`).slice(0, 8)}`;
}
