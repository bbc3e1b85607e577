/**
 * Describes a client's device: browser and operating system from `User-Agent`, a truncated IP address, and a place from
 * a GeoIP file or from the headers of a content delivery network. Sessions store the description, so that users
 * recognize their devices in a list.
 *
 * @example
 * import { describeClient } from "coatcheck/device";
 *
 * const userAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
 * const { address, browser, os } = describeClient({ address: "192.0.2.77" }, userAgent);
 * console.log(address, browser, os); // 192.0.2.0 Firefox 140 Linux
 *
 * @module
 */
export { type AddressPrivacy, anonymizeAddress } from "./address.ts";
export { Binding, type BindingOptions, createBinding } from "./binding.ts";
export { describeClient } from "./describe.ts";
export { type GeoReader, lookUpPlace, type Place, type PlaceHeaders, placeFromHeaders } from "./place.ts";
export { parseUserAgent, type UserAgent } from "./user-agent.ts";
export { userAgentFamily } from "./user-agent-family.ts";
