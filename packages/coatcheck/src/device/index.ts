export { type AddressPrivacy, keptAddress } from "./address.ts";
export { describeClient } from "./describe.ts";
export { type GeoReader, type Place, type PlaceHeaders, placeFromHeaders, placeOf } from "./place.ts";
export { readUserAgent, type UserAgent } from "./user-agent.ts";
