export { CHANNELS, type Channel } from "./channels.ts";
export { requireHosts } from "./referrer.ts";
export { isDirect, type SourceInput, sourceOf } from "./source.ts";
