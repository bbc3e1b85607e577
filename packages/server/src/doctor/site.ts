/** Suffixes under which each name belongs to somebody else, as far as sites of applications commonly lie there. */
const SHARED_HOSTS =
  /(^|\.)(github\.io|gitlab\.io|vercel\.app|netlify\.app|herokuapp\.com|pages\.dev|workers\.dev|web\.app|firebaseapp\.com|onrender\.com|fly\.dev|azurewebsites\.net|cloudfront\.net)$/;

/** `co.uk`, `com.au`, `or.jp`, … */
const SECOND_LEVEL = /(^|\.)(ac|co|com|edu|go|gov|ne|net|or|org)\.[a-z]{2}$/;

/** Whether the URL is this very machine, which browsers trust without TLS. */
export function isLocal({ hostname }: URL): boolean {
  return (
    hostname === "localhost" || hostname.endsWith(".localhost") || /^(127\.[\d.]+|\[::1\])$/.test(hostname)
  );
}

/**
 * Whether two URLs are of one site, as `SameSite` means it: same scheme, same registrable domain. Of the list of public
 * suffixes only the common ones are known here.
 */
export function isSameSite(left: URL, right: URL): boolean {
  if (left.protocol !== right.protocol) return false;
  return registrable(left.hostname) === registrable(right.hostname);
}

/** Whether a cookie may be set for this domain at all. */
export function isPublicSuffix(domain: string): boolean {
  return !domain.includes(".") || registrable(`x.${domain}`) === `x.${domain}`;
}

function registrable(host: string): string {
  const labels = host.split(".");
  if (/^[\d.]+$|^\[/.test(host)) return host;
  const depth = SECOND_LEVEL.test(host) || SHARED_HOSTS.test(host) ? 3 : 2;
  return labels.slice(-depth).join(".");
}
