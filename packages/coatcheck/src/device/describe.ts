import type { ClientInfo } from "../session/record.ts";
import { type AddressPrivacy, anonymizeAddress } from "./address.ts";
import { type Place, UNKNOWN_PLACE } from "./place.ts";
import { MAX_USER_AGENT_LENGTH, parseUserAgent } from "./user-agent.ts";

/**
 * Describes a client for the `client` field of a session: address, browser, operating system, device and place.
 *
 * @param client - the connection of the request. Only `address` is used.
 * @param userAgent - the `User-Agent` header. At most 512 characters of it are stored.
 * @param privacy - how much of the address to store. Default: `truncated`.
 * @param place - where the client is. Look it up with the complete IP address, because only the truncated address is
 *   stored.
 *
 * @example
 * coatcheck(sessions, {
 *   newSession: (client, request) => ({ client: describeClient(client, request.header("user-agent")) }),
 * });
 */
export function describeClient(
  client: { readonly address: string | null },
  userAgent: string | null | undefined,
  privacy: AddressPrivacy = "truncated",
  place: Place = UNKNOWN_PLACE,
): ClientInfo {
  const { browser, os, device } = parseUserAgent(userAgent);
  return {
    address: anonymizeAddress(client.address, privacy),
    userAgent: userAgent?.slice(0, MAX_USER_AGENT_LENGTH) || null,
    browser,
    os,
    device,
    country: place.country,
    city: place.city,
  };
}
