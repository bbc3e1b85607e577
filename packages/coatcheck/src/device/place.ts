/** Where a client seems to be. */
export interface Place {
  /** ISO 3166-1 alpha-2 code. */
  readonly country: string | null;
  readonly city: string | null;
}

export const NOWHERE: Place = { country: null, city: null };

/** The slice of `maxmind`'s reader, or of another for the same file format, that is used. */
export interface GeoReader {
  get(address: string): {
    readonly country?: { readonly iso_code?: string };
    readonly city?: { readonly names?: { readonly en?: string } };
  } | null;
}

/**
 * Looks an address up in the operator's own `.mmdb` file.
 *
 * @example
 * const reader = await maxmind.open<CityResponse>(process.env.GEOIP_DATABASE);
 * describeClient(client, userAgent, "truncated", placeOf(reader, client.address));
 */
export function placeOf(reader: GeoReader, address: string | null): Place {
  const found = address === null ? null : reader.get(address);
  return placed(found?.country?.iso_code, found?.city?.names?.en);
}

/** The headers in which a content delivery network says where the client is, by lower-case name. */
export interface PlaceHeaders {
  readonly country: string;
  readonly city?: string;
}

/**
 * Believes the network in front of the application. Anybody else can send the same headers: use it only where every
 * request comes through that network.
 *
 * @example placeFromHeaders(request.header, { country: "cf-ipcountry", city: "cf-ipcity" })
 */
export function placeFromHeaders(header: (name: string) => string | undefined, names: PlaceHeaders): Place {
  return placed(header(names.country), names.city && header(names.city));
}

/** Networks say `XX` where they do not know, and `T1` for Tor; neither is a country. */
const COUNTRY = /^(?!XX$)[A-Z]{2}$/;

/** Characters. */
const LONGEST_CITY = 100;

function placed(country: string | undefined, city: string | undefined): Place {
  const code = country?.toUpperCase() ?? "";
  return {
    country: COUNTRY.test(code) ? code : null,
    city: city ? decoded(city).slice(0, LONGEST_CITY) : null,
  };
}

/** Header values are ASCII, so some networks percent-encode `Zürich`. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
