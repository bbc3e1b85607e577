import { createEncryption, type Encryption } from "coatcheck/encryption";
import type { FastifyBaseLogger } from "fastify";
import { z } from "zod";
import { secretList } from "./secret-list.ts";

/** How the content of sessions is encrypted at rest. */
export interface DataEncryptionConfig {
  /** Newest first. */
  readonly secrets: readonly string[];
  /** Whether to read the sessions that were stored without encryption. */
  readonly acceptPlaintext: boolean;
}

/** The environment variables about encryption at rest. */
export const encryptionVariables = {
  SESSION_DATA_SECRETS: secretList.nullable().default(null),
  SESSION_DATA_PLAINTEXT: z.enum(["refuse", "accept"], "must be refuse or accept").default("refuse"),
};

/** The configuration that the variables set; null for none. */
export function encryptionConfigOf(data: {
  readonly SESSION_DATA_SECRETS: readonly string[] | null;
  readonly SESSION_DATA_PLAINTEXT: "refuse" | "accept";
}): DataEncryptionConfig | null {
  if (data.SESSION_DATA_SECRETS === null) return null;
  return { secrets: data.SESSION_DATA_SECRETS, acceptPlaintext: data.SESSION_DATA_PLAINTEXT === "accept" };
}

/** Creates the encryption. It logs each stored value that it refuses. */
export function openEncryption(config: DataEncryptionConfig, log: FastifyBaseLogger): Encryption {
  return createEncryption({
    ...config,
    onFault: ({ kind, id, reason }) => log.error({ kind, id, reason }, "stored content refused"),
  });
}
