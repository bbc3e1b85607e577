/**
 * Why a token is replaced. A repeated request receives the token of the first request only if both have the same
 * purpose.
 */
export type ReplacementPurpose = "login" | "elevate" | "rotate" | "periodic";

/** The present secret, encrypted. Only a client with the replaced secret can decrypt it. */
export interface WrappedSecret {
  readonly purpose: ReplacementPurpose;
  /** The hash of the secret that was replaced. */
  readonly olderHash: string;
  readonly ciphertext: string;
}
