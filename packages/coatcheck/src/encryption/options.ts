import { KeyRing } from "../session/key-ring.ts";
import { type KnownOptions, requireKnownOptions } from "../session/known-options.ts";

/** A stored value that could not be decrypted, or was not encrypted. */
export interface EncryptionFault {
  /** Whether the value belongs to a session or to a context's entity. */
  readonly kind: "session" | "entity";
  /** The session's id, or the entity's key. */
  readonly id: string;
  /**
   * `altered`: changed, or copied from another session or entity. `plaintext`: not encrypted. `unknown-key`: encrypted
   * under a secret that is not in the list.
   */
  readonly reason: "altered" | "plaintext" | "unknown-key";
}

/** Options of {@link createEncryption}. `secrets` is required. */
export interface EncryptionOptions {
  /** Newest first, at least 16 characters each. The first secret encrypts; every secret decrypts. */
  readonly secrets: readonly string[];
  /**
   * Whether to accept unencrypted values, which were stored before encryption was set up. Set it only until
   * {@link EncryptedStore.reencrypt} has encrypted them. Default: false.
   */
  readonly acceptPlaintext?: boolean;
  /**
   * Called with every fault, so that the application can log it. Default: emits a process warning with the code
   * `COATCHECK_ENCRYPTION`.
   */
  readonly onFault?: (fault: EncryptionFault) => void;
}

/** The checked options, with the defaults filled in. */
export interface ResolvedEncryptionOptions {
  readonly ring: KeyRing;
  readonly acceptPlaintext: boolean;
  readonly onFault: (fault: EncryptionFault) => void;
}

const ENCRYPTION_OPTIONS = {
  secrets: true,
  acceptPlaintext: "boolean",
  onFault: "function",
} satisfies KnownOptions<EncryptionOptions>;
const OPTIONS_LABEL = "options of createEncryption()";

/** Checks the options. Throws `UsageError`, and `VALIDATION_FAILED` for a secret that is too short. */
export function resolveOptions(options: EncryptionOptions): ResolvedEncryptionOptions {
  requireKnownOptions(OPTIONS_LABEL, options, ENCRYPTION_OPTIONS);
  const { secrets, acceptPlaintext = false, onFault = warnOfFault } = options;
  const ring = new KeyRing(secrets, { input: OPTIONS_LABEL, purpose: "coatcheck data at rest" });
  return { ring, acceptPlaintext, onFault };
}

/** Emits a warning that names the session or entity, but does not repeat its content. */
function warnOfFault({ kind, id, reason }: EncryptionFault): void {
  const problem = {
    altered: "was altered, or copied from another session or entity",
    plaintext: "is not encrypted",
    "unknown-key": "was encrypted with a secret that is missing in the option secrets",
  }[reason];
  process.emitWarning(`The stored content of the ${kind} ${id} ${problem}; this content was ignored.`, {
    code: "COATCHECK_ENCRYPTION",
  });
}
