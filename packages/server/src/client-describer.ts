import type { ClientInfo } from "coatcheck";
import { describeClient, type GeoReader, placeOf } from "coatcheck/device";
import type { CityResponse } from "maxmind";
import type { Config } from "./config.ts";
import { StartError } from "./start-error.ts";

/** What a session may keep of the client that begins it: of its whole address, and of its `User-Agent`. */
export type ClientDescriber = (
  client: { readonly address: string | null },
  userAgent: string | undefined,
) => ClientInfo;

/**
 * Keeps as much of a client as the configuration allows. The file of places is read once, into memory.
 *
 * @throws StartError when that file cannot be used, or the package that reads it is not there.
 */
export async function openClientDescriber(
  config: Pick<Config, "privacyMode" | "geoipDatabase">,
): Promise<ClientDescriber> {
  const { privacyMode, geoipDatabase } = config;
  if (geoipDatabase === null) {
    return (client, userAgent) => describeClient(client, userAgent, privacyMode);
  }
  const reader = await openPlaces(geoipDatabase);
  return (client, userAgent) =>
    describeClient(client, userAgent, privacyMode, placeOf(reader, client.address));
}

async function openPlaces(path: string): Promise<GeoReader> {
  const { open } = await import("maxmind").catch((error: unknown) => {
    throw new StartError(
      ["GEOIP_DATABASE needs the package maxmind beside coatcheck-server: npm install maxmind"],
      error,
    );
  });
  try {
    const reader = await open<CityResponse>(path);
    return reader.metadata.ipVersion === 4 ? onlyIPv4(reader) : reader;
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new StartError([`The file of GEOIP_DATABASE (${path}) cannot be used: ${reason}`], error);
  }
}

/** A tree of IPv4 would take the first bits of an IPv6 address for an IPv4 address, and name a place. */
function onlyIPv4(reader: GeoReader): GeoReader {
  return { get: (address) => (address.includes(":") ? null : reader.get(address)) };
}
