/** The proxies in front of the service. Null: not configured, which trusts none, but warns about requests through one. */
export type TrustedProxies = null | false | number | string[];

/**
 * Whether the cookie is `__Host-sid` (true), for https, or `sid` (false). `by-host`: `sid` only for requests that name a
 * loopback host over http. For any other host, a proxy must be in front, because the service listens on loopback only.
 */
export type SecureCookie = boolean | "by-host";
