import type { ClientInfo } from "coatcheck";
import { describeClient, type GeoReader, lookUpPlace } from "coatcheck/device";
import type { CityResponse } from "maxmind";
import type { Config } from "./config.ts";
import { StartError } from "./start-error.ts";

/** Describes the client of a new session, given its complete IP address and its `User-Agent` header. */
export type ClientDescriber = (
  client: { readonly address: string | null },
  userAgent: string | undefined,
) => ClientInfo;

/**
 * Creates the describer that applies the configured privacy mode. Loads the location file into memory.
 *
 * @throws StartError if the location file is unreadable, or the package `maxmind` is not installed.
 */
export async function openClientDescriber(
  config: Pick<Config, "privacyMode" | "geoipDatabase">,
): Promise<ClientDescriber> {
  const { privacyMode, geoipDatabase } = config;
  if (geoipDatabase === null) {
    return (client, userAgent) => describeClient(client, userAgent, privacyMode);
  }
  const reader = await openLocations(geoipDatabase);
  return (client, userAgent) =>
    describeClient(client, userAgent, privacyMode, lookUpPlace(reader, client.address));
}

async function openLocations(path: string): Promise<GeoReader> {
  const { open } = await import("maxmind").catch((error: unknown) => {
    throw new StartError(
      ["GEOIP_DATABASE needs the package maxmind next to coatcheck-server: npm install maxmind"],
      error,
    );
  });
  try {
    const reader = await open<CityResponse>(path);
    return reader.metadata.ipVersion === 4 ? ignoreIPv6(reader) : reader;
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new StartError([`Cannot read the GEOIP_DATABASE file ${path}: ${reason}`], error);
  }
}

/**
 * Wraps a reader of an IPv4-only file so that it finds no location for IPv6 addresses. Without the wrapper, the reader
 * would take the first bits of an IPv6 address for an IPv4 address and return a wrong location.
 */
function ignoreIPv6(reader: GeoReader): GeoReader {
  return { get: (address) => (address.includes(":") ? null : reader.get(address)) };
}
