/**
 * The trusted proxies. Null: not configured, so no proxy is trusted, and the first request through a proxy logs a
 * warning.
 */
export type TrustedProxies = null | false | number | string[];

/**
 * Whether the session cookie is Secure: `__Host-sid` for https (true), or `sid` for http (false). `by-host`: `sid` for
 * http requests to a loopback host, otherwise `__Host-sid`. This value requires that the service listens only on a
 * loopback address, so that requests for other hosts come through a proxy.
 */
export type SecureCookie = boolean | "by-host";
