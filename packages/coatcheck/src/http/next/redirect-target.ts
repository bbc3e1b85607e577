/** The origin of a URL that has none of its own. Reserved: no site has this name (RFC 6761 §6.4). */
const NOWHERE = "https://nowhere.invalid";

/**
 * Returns `target` if it is a path of this site, else `fallback`. For a redirect to an address that the request names, such
 * as `?next=`: without the check, a link to the login page could send the visitor to another site afterwards.
 *
 * @example
 * redirect(redirectTarget(form.get("next"), "/"));
 */
export function redirectTarget(target: unknown, fallback = "/"): string {
  // Browsers treat a backslash as a slash and remove tabs and line breaks, so "/\t/other.example" is another site.
  if (typeof target !== "string" || !/^\/[^\\\p{Cc}]*$/u.test(target) || target.startsWith("//")) {
    return fallback;
  }
  if (!URL.canParse(target, NOWHERE)) return fallback;
  return new URL(target, NOWHERE).origin === NOWHERE ? target : fallback;
}
