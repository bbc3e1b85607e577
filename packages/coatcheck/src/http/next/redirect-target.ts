/** The base for parsing a path as a URL. The name is reserved, so no site has it (RFC 6761 §6.4). */
const BASE_ORIGIN = "https://nowhere.invalid";

/**
 * Returns `target` if it is a path of this site, else `fallback`. Use it to redirect to an address from the request,
 * such as `?next=`. Without this check, a link to the login page could redirect the visitor to another site after the
 * login.
 *
 * @example
 * redirect(redirectTarget(form.get("next"), "/"));
 */
export function redirectTarget(target: unknown, fallback = "/"): string {
  // Browsers treat a backslash as a slash and remove tabs and line breaks, so "/\t/other.example" is another site.
  if (typeof target !== "string" || !/^\/[^\\\p{Cc}]*$/u.test(target) || target.startsWith("//")) {
    return fallback;
  }
  if (!URL.canParse(target, BASE_ORIGIN)) return fallback;
  return new URL(target, BASE_ORIGIN).origin === BASE_ORIGIN ? target : fallback;
}
