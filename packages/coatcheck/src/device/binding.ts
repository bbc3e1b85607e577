import { LRUCache } from "lru-cache";
import type {
  BindingAction,
  BindingPolicy,
  BindingRules,
  RequestClient,
  UnusualLogin,
} from "../session/binding.ts";
import { type KnownOptions, requireKnownOptions, requireOneOf } from "../session/known-options.ts";
import { describeValue, usageError } from "../session/usage-error.ts";
import { anonymizeAddress } from "./address.ts";
import { toCountryCode } from "./place.ts";
import { userAgentFamily } from "./user-agent-family.ts";

/** The members of a client that the binding reads. */
interface BoundAddress {
  readonly address: string | null;
}

/** The members of a request that the binding reads. */
interface BoundRequest {
  header(name: string): string | undefined;
}

/** Options of {@link createBinding}. */
export interface BindingOptions extends Partial<BindingPolicy> {
  /**
   * The action for a different browser or operating system than at the login. A new version is not a difference.
   * Default: `log`.
   */
  readonly userAgent?: BindingAction;
  /** The action for a different network than at the login. Default: `log`, because phones move between networks. */
  readonly address?: BindingAction;
  /**
   * Different actions for the sessions of a tenant: a table by tenant, or a function. The function is called for every
   * request, so it must be synchronous. Return the same object each time for the same policy.
   */
  readonly tenants?:
    | Readonly<Record<string, Partial<BindingPolicy>>>
    | ((tenant: string) => Partial<BindingPolicy> | undefined);
  /**
   * The client's country: the name of a header that your proxy or content delivery network sets, or a function that
   * returns an ISO 3166-1 alpha-2 code. Called at logins only. Default: unknown.
   *
   * @example country: (client) => lookUpPlace(reader, client.address).country
   */
  readonly country?: string | ((client: BoundAddress, request: BoundRequest) => string | null);
  /**
   * Called after a login from a new device or country, so that the application can send a mail to the user. The login
   * does not wait for this function. If it throws or rejects, the manager emits `failed`. Default: no function. The
   * events `new-device` and `new-country` are always emitted.
   */
  readonly onUnusualLogin?: (login: UnusualLogin) => unknown;
}

const BINDING_ACTIONS = ["off", "log", "step-up", "revoke"] as const satisfies readonly BindingAction[];
const POLICY_OPTIONS = { userAgent: true, address: true } satisfies KnownOptions<BindingPolicy>;
const BINDING_OPTIONS = {
  ...POLICY_OPTIONS,
  tenants: true,
  country: true,
  onUnusualLogin: "function",
} satisfies KnownOptions<BindingOptions>;
const OPTIONS_LABEL = "options of createBinding()";

/** Caches the network of each address, because parsing an IPv6 address takes several microseconds. */
const networks = new LRUCache<string, string>({ max: 10_000 });

/** A request and its client, as `coatcheck()` passes them. */
interface RequestWithClient {
  readonly request: BoundRequest;
  readonly client: () => BoundAddress;
}

/** The binding of an application. Pass it to `coatcheck()` as the option `binding`. */
export class Binding implements BindingRules {
  readonly onUnusualLogin: BindingRules["onUnusualLogin"];
  readonly #defaultPolicy: BindingPolicy;
  readonly #tenantPolicy: (tenant: string) => BindingPolicy;
  readonly #country: BindingOptions["country"];

  constructor(options: BindingOptions) {
    requireKnownOptions(OPTIONS_LABEL, options, BINDING_OPTIONS);
    const { country, tenants = {}, onUnusualLogin = null } = options;
    this.#defaultPolicy = checkPolicy({ userAgent: "log", address: "log" }, policyFieldsOf(options), "");
    this.#tenantPolicy =
      typeof tenants === "function" ? this.#policiesByFunction(tenants) : this.#policiesByTable(tenants);
    if (country !== undefined && typeof country !== "string" && typeof country !== "function") {
      const message = `must be the name of a header, or a function (got ${describeValue(country)})`;
      throw usageError(OPTIONS_LABEL, [{ path: "country", message }]);
    }
    this.#country = typeof country === "string" ? country.toLowerCase() : country;
    this.onUnusualLogin = onUnusualLogin;
  }

  /** Describes the client of a request. For `coatcheck()`. */
  open(requestWithClient: RequestWithClient): RequestClient {
    return new BoundClient(this, requestWithClient);
  }

  /**
   * Returns the policy for the sessions of a tenant. Throws `UsageError` when the function `tenants` returns an invalid
   * policy.
   */
  policyOf(tenant: string | null): BindingPolicy {
    return tenant === null ? this.#defaultPolicy : this.#tenantPolicy(tenant);
  }

  /** Returns the names of the browser and the operating system in a `User-Agent` header, without versions. */
  familyOf(userAgent: string | null): string {
    return userAgentFamily(userAgent);
  }

  /**
   * Returns the country of a request's client. If the application's function throws, the country is unknown, so that
   * the login does not fail.
   */
  countryOf({ request, client }: RequestWithClient): string | null {
    if (this.#country === undefined) return null;
    if (typeof this.#country === "string") return toCountryCode(request.header(this.#country));
    try {
      return toCountryCode(this.#country(client(), request) ?? undefined);
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error), { code: "COATCHECK_LISTENER" });
      return null;
    }
  }

  #policiesByTable(table: unknown): (tenant: string) => BindingPolicy {
    if (typeof table !== "object" || table === null || Array.isArray(table)) {
      const message = `must be a table of policies by tenant, or a function (got ${describeValue(table)})`;
      throw usageError(OPTIONS_LABEL, [{ path: "tenants", message }]);
    }
    const entries = Object.entries(table).map(
      ([tenant, given]) => [tenant, checkPolicy(this.#defaultPolicy, given, `tenants.${tenant}`)] as const,
    );
    const policies = new Map(entries);
    return (tenant) => policies.get(tenant) ?? this.#defaultPolicy;
  }

  #policiesByFunction(
    policyFor: (tenant: string) => Partial<BindingPolicy> | undefined,
  ): (tenant: string) => BindingPolicy {
    const checked = new WeakMap<object, BindingPolicy>();
    return (tenant) => {
      const tenantPolicy = policyFor(tenant);
      if (tenantPolicy === undefined) return this.#defaultPolicy;
      const checkedBefore = checked.get(tenantPolicy);
      if (checkedBefore !== undefined) return checkedBefore;
      const policy = checkPolicy(this.#defaultPolicy, tenantPolicy, `tenants("${tenant}")`);
      checked.set(tenantPolicy, policy);
      return policy;
    };
  }
}

/** The client of one request. */
class BoundClient implements RequestClient {
  readonly rules: Binding;
  readonly #requestWithClient: RequestWithClient;
  #userAgent: string | undefined;
  #network: string | null | undefined;

  constructor(rules: Binding, requestWithClient: RequestWithClient) {
    this.rules = rules;
    this.#requestWithClient = requestWithClient;
  }

  get userAgent(): string {
    this.#userAgent ??= userAgentFamily(this.#requestWithClient.request.header("user-agent"));
    return this.#userAgent;
  }

  get network(): string | null {
    if (this.#network === undefined) this.#network = networkOf(this.#requestWithClient.client().address);
    return this.#network;
  }

  get country(): string | null {
    return this.rules.countryOf(this.#requestWithClient);
  }
}

/**
 * Binds sessions to the client that logged in: compares each request with the browser and the network in the session's
 * binding, and reports a login from a new device or country. See docs/binding.md.
 *
 * @throws UsageError for an unknown option, tenant policy or action.
 *
 * @example
 * coatcheck(sessions, { binding: createBinding({ userAgent: "step-up", country: "cf-ipcountry" }) });
 */
export function createBinding(options: BindingOptions = {}): Binding {
  return new Binding(options);
}

function policyFieldsOf({ userAgent, address }: BindingOptions): Partial<BindingPolicy> {
  return { ...(userAgent !== undefined && { userAgent }), ...(address !== undefined && { address }) };
}

function checkPolicy(fallback: BindingPolicy, given: Partial<BindingPolicy>, path: string): BindingPolicy {
  requireKnownOptions(OPTIONS_LABEL, given, POLICY_OPTIONS, path);
  const prefix = path && `${path}.`;
  const { userAgent = fallback.userAgent, address = fallback.address } = given;
  requireOneOf(OPTIONS_LABEL, `${prefix}userAgent`, userAgent, BINDING_ACTIONS);
  requireOneOf(OPTIONS_LABEL, `${prefix}address`, address, BINDING_ACTIONS);
  return { userAgent, address };
}

function networkOf(address: string | null): string | null {
  if (address === null) return null;
  const cachedNetwork = networks.get(address);
  if (cachedNetwork !== undefined) return cachedNetwork;
  const network = anonymizeAddress(address, "truncated");
  if (network !== null) networks.set(address, network);
  return network;
}
