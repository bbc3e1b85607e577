/** Why a token is replaced. A repeated request gets the token of an earlier one only for the same purpose. */
export type ReplacementPurpose = "login" | "elevate" | "rotate" | "periodic";

/** The present secret, encrypted for the holder of the secret that it replaced. */
export interface WrappedSecret {
  readonly purpose: ReplacementPurpose;
  /** The hash of the secret that was replaced. */
  readonly olderHash: string;
  readonly ciphertext: string;
}
