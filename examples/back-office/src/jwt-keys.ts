import { createHash, createPrivateKey, createPublicKey, hkdfSync } from "node:crypto";
import type { JwtKey } from "coatcheck/jwt";

/** The DER encoding of an Ed25519 private key (RFC 8410 §7), without its last 32 bytes, which are the key. */
const ED25519_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * Derives a signing key from each session secret, so that all processes have the same keys without another setting. The
 * key of the newest secret signs. The keys of the older secrets still verify JWTs.
 *
 * @param secrets newest first.
 */
export function deriveJwtKeys(secrets: readonly string[]): readonly JwtKey[] {
  return secrets.map((secret) => {
    const seed = Buffer.from(hkdfSync("sha256", secret, "", "back office: key of the JWTs", 32));
    const der = Buffer.concat([ED25519_PREFIX, seed]);
    const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    const publicKey = createPublicKey(privateKey);
    const id = createHash("sha256")
      .update(publicKey.export({ format: "der", type: "spki" }))
      .digest("hex");
    return { id: id.slice(0, 16), algorithm: "EdDSA", privateKey, publicKey };
  });
}
