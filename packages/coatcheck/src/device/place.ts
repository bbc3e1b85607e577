/** The approximate location of a client. */
export interface Place {
  /** The country, as ISO 3166-1 alpha-2 code. */
  readonly country: string | null;
  readonly city: string | null;
}

/** The place of a client whose location is unknown. */
export const UNKNOWN_PLACE: Place = { country: null, city: null };

/** Reads MaxMind DB files. The reader of the `maxmind` package has this method. */
export interface GeoReader {
  get(address: string): {
    readonly country?: { readonly iso_code?: string };
    readonly city?: { readonly names?: { readonly en?: string } };
  } | null;
}

/**
 * Looks up an IP address in a `.mmdb` file that you provide.
 *
 * @returns the place. A member is null if the file has no value for it.
 *
 * @example
 * const reader = await maxmind.open<CityResponse>(process.env.GEOIP_DATABASE);
 * describeClient(client, userAgent, "truncated", lookUpPlace(reader, client.address));
 */
export function lookUpPlace(reader: GeoReader, address: string | null): Place {
  const location = address === null ? null : reader.get(address);
  return toPlace(location?.country?.iso_code, location?.city?.names?.en);
}

/** The names of the headers, in lower case, with which a content delivery network (CDN) sends the client's location. */
export interface PlaceHeaders {
  readonly country: string;
  readonly city?: string;
}

/**
 * Reads the place from headers of a content delivery network (CDN). Use it only if every request passes through the
 * CDN: a client that reaches the server directly can forge these headers.
 *
 * @example placeFromHeaders(request.header, { country: "cf-ipcountry", city: "cf-ipcity" })
 */
export function placeFromHeaders(header: (name: string) => string | undefined, names: PlaceHeaders): Place {
  return toPlace(header(names.country), names.city && header(names.city));
}

/** Matches a country code. Excludes two values of CDNs: `XX`, an unknown country, and `T1`, the Tor network. */
const COUNTRY_CODE_PATTERN = /^(?!XX$)[A-Z]{2}$/;

/** The longest city name that is stored, in characters. */
const MAX_CITY_LENGTH = 100;

/** Returns a country code in upper case; null unless it has the form of an ISO 3166-1 alpha-2 code. */
export function toCountryCode(country: string | undefined): string | null {
  const code = country?.toUpperCase() ?? "";
  return COUNTRY_CODE_PATTERN.test(code) ? code : null;
}

function toPlace(country: string | undefined, city: string | undefined): Place {
  return {
    country: toCountryCode(country),
    city: city ? decodePercent(city).slice(0, MAX_CITY_LENGTH) : null,
  };
}

/** Header values are ASCII, so some CDNs percent-encode names such as `Zürich`. */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
