import type { ClientInfo, SessionRecord } from "./record.ts";
import type { RecordedBinding } from "./recorded-binding.ts";

/**
 * What happens when a request comes from a different client than the session's login did.
 *
 * - `off`: the clients are not compared.
 * - `log`: only the event `client-changed` is emitted.
 * - `step-up`: the session's elevations end, and no login counts as recent until the user proves their identity again.
 * - `revoke`: the session ends, and the request continues without a session.
 */
export type BindingAction = "off" | "log" | "step-up" | "revoke";

/**
 * What happens when the browser or the network of a client has changed. If both have changed, the stricter action
 * applies.
 */
export interface BindingPolicy {
  /** The action if the browser (without its version) or the operating system has changed. */
  readonly userAgent: BindingAction;
  /** The action if the network of the client's IP address has changed. */
  readonly address: BindingAction;
}

/** A login from a device or a country from which the subject has not logged in before. */
export interface UnusualLogin {
  /** The id of the new session, for a link to the list of devices. */
  readonly sessionId: string;
  readonly subject: string;
  readonly tenant: string | null;
  /** Browser without its version, and operating system, such as `Firefox on Linux`. */
  readonly device: string;
  /** ISO 3166-1 alpha-2 code; null if unknown. */
  readonly country: string | null;
  /** When the subject logged in, epoch milliseconds. */
  readonly at: number;
  readonly isNewDevice: boolean;
  /** False while the countries of all earlier sessions are unknown. */
  readonly isNewCountry: boolean;
  /** How many earlier logins of the subject the store still contains, at most 1000; 0 for a first login. */
  readonly earlierSessions: number;
  /**
   * A sentence for the mail. It says how to end the session and contains no link, so that users learn to distrust mails
   * with links.
   */
  readonly hint: string;
}

/** The binding options of an application. `createBinding` of `coatcheck/device` implements this interface. */
export interface BindingRules {
  /** Returns the policy for the sessions of a tenant. */
  policyOf(tenant: string | null): BindingPolicy;
  /** Returns the names of the browser and the operating system in a `User-Agent` header, without versions. */
  familyOf(userAgent: string | null): string;
  readonly onUnusualLogin: ((login: UnusualLogin) => unknown) | null;
}

/** The client of one request. Each property is computed when it is read, because most requests need only a few. */
export interface RequestClient {
  readonly rules: BindingRules;
  /** Browser without its version, and operating system. */
  readonly userAgent: string;
  /** The network of the client's address, as in {@link RecordedBinding}; null if unknown. */
  readonly network: string | null;
  /** ISO 3166-1 alpha-2 code; null if unknown. */
  readonly country: string | null;
}

/** A difference between the client of a request and the client that has logged in. */
export interface ClientChange {
  readonly action: Exclude<BindingAction, "off">;
  readonly userAgent: Difference | null;
  readonly address: Difference | null;
}

/** The value in the session's {@link RecordedBinding}, and the value of the present request. */
export interface Difference {
  readonly before: string;
  readonly now: string;
}

/** Returns the binding that a session of `tenant` stores when this client logs in or steps up. */
export function bindingOf(client: RequestClient, tenant: string | null): RecordedBinding {
  const { userAgent, country, rules } = client;
  const comparesNetwork = rules.policyOf(tenant).address !== "off";
  return { userAgent, network: comparesNetwork ? client.network : null, country, changedAt: null };
}

/**
 * Compares the client of a request with the client in the session's binding. Runs for every request, and allocates
 * nothing if the clients are equal.
 *
 * @returns null if the clients are equal, or if the policy names no action for the difference. An unknown network is
 * not a difference.
 */
export function findClientChange(
  { binding, tenant }: Pick<SessionRecord, "binding" | "tenant">,
  client: RequestClient,
): ClientChange | null {
  if (binding === null) return null;
  const policy = client.rules.policyOf(tenant);
  const hasOtherAgent = policy.userAgent !== "off" && client.userAgent !== binding.userAgent;
  const hasOtherNetwork =
    policy.address !== "off" &&
    binding.network !== null &&
    client.network !== binding.network &&
    client.network !== null;
  if (!hasOtherAgent && !hasOtherNetwork) return null;
  const actions = [hasOtherAgent ? policy.userAgent : "off", hasOtherNetwork ? policy.address : "off"];
  return {
    action: actions.includes("revoke") ? "revoke" : actions.includes("step-up") ? "step-up" : "log",
    userAgent: hasOtherAgent ? { before: binding.userAgent, now: client.userAgent } : null,
    address: hasOtherNetwork ? { before: binding.network ?? "", now: client.network ?? "" } : null,
  };
}

/** Returns whether a different client has used the session since the user last proved their identity. */
export function needsProof({ binding }: Pick<SessionRecord, "binding">): boolean {
  return binding !== null && binding.changedAt !== null;
}

/**
 * Returns the device and the country of a session. Without a binding, returns the device and the country of the client
 * that created the session.
 */
export function clientTraitsOf(
  { binding, client }: { readonly binding: RecordedBinding | null; readonly client: ClientInfo | null },
  rules: BindingRules,
): { readonly userAgent: string | null; readonly country: string | null } {
  if (binding !== null) return binding;
  const userAgent = client?.userAgent ?? null;
  return {
    userAgent: userAgent === null ? null : rules.familyOf(userAgent),
    country: client?.country ?? null,
  };
}
