import type { ClientInfo } from "../session/record.ts";
import { type AddressPrivacy, keptAddress } from "./address.ts";
import { NOWHERE, type Place } from "./place.ts";
import { LONGEST_USER_AGENT, readUserAgent } from "./user-agent.ts";

/**
 * What a session may keep of its holder. Look the place up with the whole address, before it is cut down here.
 *
 * @example
 * coatcheck(sessions, {
 *   birth: (client, request) => ({ client: describeClient(client, request.header("user-agent")) }),
 * });
 */
export function describeClient(
  client: { readonly address: string | null },
  userAgent: string | null | undefined,
  privacy: AddressPrivacy = "truncated",
  place: Place = NOWHERE,
): ClientInfo {
  const { browser, os, device } = readUserAgent(userAgent);
  return {
    address: keptAddress(client.address, privacy),
    userAgent: userAgent?.slice(0, LONGEST_USER_AGENT) || null,
    browser,
    os,
    device,
    country: place.country,
    city: place.city,
  };
}
