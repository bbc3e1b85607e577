/** Matches hosts of common hosting providers, where each subdomain has a different owner. */
const SHARED_HOST_PATTERN =
  /(^|\.)(github\.io|gitlab\.io|vercel\.app|netlify\.app|herokuapp\.com|pages\.dev|workers\.dev|web\.app|firebaseapp\.com|onrender\.com|fly\.dev|azurewebsites\.net|cloudfront\.net)$/;

/** Matches `co.uk`, `com.au`, `or.jp` and similar suffixes. */
const SECOND_LEVEL_SUFFIX_PATTERN = /(^|\.)(ac|co|com|edu|go|gov|ne|net|or|org)\.[a-z]{2}$/;

/** Whether the URL's host is this machine. Browsers treat such a URL as secure even without TLS. */
export function isLocal({ hostname }: URL): boolean {
  return (
    hostname === "localhost" || hostname.endsWith(".localhost") || /^(127\.[\d.]+|\[::1\])$/.test(hostname)
  );
}

/**
 * Whether two URLs are same-site in the sense of `SameSite`: same scheme and same registrable domain. Knows only the
 * common entries of the public suffix list.
 */
export function isSameSite(left: URL, right: URL): boolean {
  if (left.protocol !== right.protocol) return false;
  return registrableDomain(left.hostname) === registrableDomain(right.hostname);
}

/** Whether the domain is a public suffix, for which browsers accept no cookies. */
export function isPublicSuffix(domain: string): boolean {
  return !domain.includes(".") || registrableDomain(`x.${domain}`) === `x.${domain}`;
}

function registrableDomain(host: string): string {
  const labels = host.split(".");
  if (/^[\d.]+$|^\[/.test(host)) return host;
  const depth = SECOND_LEVEL_SUFFIX_PATTERN.test(host) || SHARED_HOST_PATTERN.test(host) ? 3 : 2;
  return labels.slice(-depth).join(".");
}
