import { createEncryption, type Encryption } from "coatcheck/encryption";
import type { FastifyBaseLogger } from "fastify";
import { z } from "zod";
import { secretList } from "./secret-list.ts";

/** The encryption of stored session data. */
export interface DataEncryptionConfig {
  /** The encryption secrets, newest first. The first secret encrypts; the other secrets only decrypt. */
  readonly secrets: readonly string[];
  /** Whether to accept sessions that were stored before encryption was configured. */
  readonly acceptPlaintext: boolean;
}

/** The environment variables about encryption at rest. */
export const encryptionVariables = {
  SESSION_DATA_SECRETS: secretList.nullable().default(null),
  SESSION_DATA_PLAINTEXT: z.enum(["refuse", "accept"], "must be refuse or accept").default("refuse"),
};

/** Returns the encryption that the variables configure, or null without encryption. */
export function encryptionConfigOf(data: {
  readonly SESSION_DATA_SECRETS: readonly string[] | null;
  readonly SESSION_DATA_PLAINTEXT: "refuse" | "accept";
}): DataEncryptionConfig | null {
  if (data.SESSION_DATA_SECRETS === null) return null;
  return { secrets: data.SESSION_DATA_SECRETS, acceptPlaintext: data.SESSION_DATA_PLAINTEXT === "accept" };
}

/** Creates the encryption. Logs each stored value that it cannot decrypt. */
export function openEncryption(config: DataEncryptionConfig, log: FastifyBaseLogger): Encryption {
  return createEncryption({
    ...config,
    onFault: ({ kind, id, reason }) =>
      log.error({ kind, id, reason }, "stored content rejected by the encryption"),
  });
}
