/** The client that last logged in or stepped up, as the session stores it. */
export interface RecordedBinding {
  /** Browser without its version, and operating system, such as `Firefox on Linux`. */
  readonly userAgent: string;
  /** The first address of the network, /24 for IPv4 and /48 for IPv6; null if unknown, or not compared. */
  readonly network: string | null;
  /** ISO 3166-1 alpha-2 code; null if unknown. */
  readonly country: string | null;
  /**
   * When another client used the session under the policy `step-up`, epoch milliseconds. Null before, and after the
   * user has proved their identity.
   */
  readonly changedAt: number | null;
}
