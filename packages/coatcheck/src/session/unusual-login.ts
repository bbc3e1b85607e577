import { clientTraitsOf, type RequestClient, type UnusualLogin } from "./binding.ts";
import type { SessionDependencies } from "./dependencies.ts";
import type { SessionRecord } from "./record.ts";

/** The maximum number of sessions on one page of `SessionStore.list`. */
const MAX_PAGE_SIZE = 1000;

const UNUSUAL_LOGIN_HINT =
  "If this was not you, open the site as you always do, without a link from a message; end this session in the list of your devices, and change your password.";

/** A login that has been stored. */
interface StoredLogin {
  readonly record: SessionRecord;
  /** The session before the login; null for a session that the login has created. */
  readonly previous: SessionRecord | null;
  readonly client: RequestClient;
}

/**
 * Compares a login with the subject's earlier sessions, and reports a new device or country. Runs in the background:
 * the login does not wait, and a failure causes the event `failed`.
 */
export function reportUnusualLogin<Data>(deps: SessionDependencies<Data>, login: StoredLogin): void {
  const { events } = deps;
  const { onUnusualLogin } = login.client.rules;
  const isObserved = events.hasListeners("new-device") || events.hasListeners("new-country");
  if (onUnusualLogin === null && !isObserved) return;
  reportIfUnusual(deps, login).catch((error: unknown) =>
    events.publish("failed", { operation: "unusual-login", error }),
  );
}

async function reportIfUnusual<Data>(
  { store, events }: SessionDependencies<Data>,
  login: StoredLogin,
): Promise<void> {
  const { record, previous, client } = login;
  const { subject, binding, authenticatedAt: at } = record;
  if (subject === null || binding === null || at === null) return;
  const { records } = await store.list({ subject }, { limit: MAX_PAGE_SIZE });
  const earlier = (previous ? [...records, previous] : records).filter((other) =>
    isEarlierLogin(other, record),
  );
  const knownClients = earlier.map((other) => clientTraitsOf(other, client.rules));
  const { userAgent, country } = binding;
  const hasKnownCountry = knownClients.some((other) => other.country !== null);
  const unusual: UnusualLogin = {
    sessionId: record.id,
    subject,
    tenant: record.tenant,
    device: userAgent,
    country,
    at,
    isNewDevice: knownClients.every((other) => other.userAgent !== userAgent),
    isNewCountry:
      country !== null && hasKnownCountry && knownClients.every((other) => other.country !== country),
    earlierSessions: earlier.length,
    hint: UNUSUAL_LOGIN_HINT,
  };
  if (unusual.isNewDevice) events.publish("new-device", { record, login: unusual });
  if (unusual.isNewCountry) events.publish("new-country", { record, login: unusual });
  if (unusual.isNewDevice || unusual.isNewCountry) await client.rules.onUnusualLogin?.(unusual);
}

/**
 * Returns whether a session contains an earlier login of the subject. Excludes a login at the same time: otherwise two
 * simultaneous logins would hide each other. Excludes an impersonation, because its client is the administrator's.
 */
function isEarlierLogin(other: SessionRecord, login: SessionRecord): boolean {
  const { subject, actor, authenticatedAt } = other;
  if (subject !== login.subject || actor !== null || authenticatedAt === null) return false;
  return authenticatedAt < (login.authenticatedAt ?? 0);
}
