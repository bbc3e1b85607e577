import { hash, timingSafeEqual } from "node:crypto";
import type { ApiKey } from "./config.ts";

/** Whom a bearer credential names that is no session's token. */
export type Principal = { readonly kind: "admin" } | { readonly kind: "consumer"; readonly name: string };

interface Entry {
  readonly digest: Buffer;
  readonly principal: Principal;
}

/** The admin token and the API keys. Only their digests are held. */
export class Credentials {
  readonly #entries: readonly Entry[];

  constructor(adminToken: string, apiKeys: readonly ApiKey[]) {
    this.#entries = [
      { digest: digestOf(adminToken), principal: { kind: "admin" } },
      ...apiKeys.map(({ name, key }): Entry => {
        const principal = { kind: "consumer", name: name ?? fingerprintOf(key) } as const;
        return { digest: digestOf(key), principal };
      }),
    ];
  }

  /** Whom the credential names, or null. All are compared, each in constant time, so that time tells nothing. */
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

/** The same wherever the key stands in the list, and no help in guessing it. */
function fingerprintOf(key: string): string {
  return `key-${hash("sha256", `name:${key}`).slice(0, 8)}`;
}
