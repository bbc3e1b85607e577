/** Opening tags whose content is text, not markup: what looks like a tag in there is none. */
const RAW_TEXT = ["script", "style", "textarea", "title"];
const ATTRIBUTE = /[\s/]*([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?/y;
const ENTITY = /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos));/gi;
const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * The value of `valueAttribute` in the first `tag` whose `name` is `name`; null when there is none. Walks from tag to
 * tag, never back, so that no page makes it slow. Comments and scripts are stepped over.
 */
export function findAttribute(
  html: string,
  tag: string,
  name: string,
  valueAttribute: string,
): string | null {
  // Only ASCII: a letter such as İ is longer in lower case, and whatever follows would stand elsewhere.
  const lower = html.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  for (let at = lower.indexOf("<"); at !== -1; at = lower.indexOf("<", at)) {
    if (lower.startsWith("<!--", at)) {
      at = endOf(lower, "-->", at);
      continue;
    }
    const opened = /[a-z][a-z\d-]*/y;
    opened.lastIndex = at + 1;
    const [found] = opened.exec(lower) ?? [];
    if (found === undefined) {
      at += 1;
      continue;
    }
    const attributes = attributesAt(html, opened.lastIndex);
    if (found === tag && attributes.get("name") === name) return attributes.get(valueAttribute) ?? null;
    at = RAW_TEXT.includes(found) ? endOf(lower, `</${found}`, at) : opened.lastIndex;
  }
  return null;
}

function attributesAt(html: string, from: number): Map<string, string> {
  const attributes = new Map<string, string>();
  ATTRIBUTE.lastIndex = from;
  for (let match = ATTRIBUTE.exec(html); match; match = ATTRIBUTE.exec(html)) {
    const name = (match[1] ?? "").toLowerCase();
    if (!attributes.has(name)) attributes.set(name, decoded(match[2] ?? match[3] ?? match[4] ?? ""));
  }
  return attributes;
}

function endOf(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at === -1 ? text.length : at + mark.length;
}

function decoded(value: string): string {
  return value.replace(ENTITY, (entity, decimal?: string, hex?: string, name?: string) => {
    if (name) return NAMED[name.toLowerCase()] ?? entity;
    const point = decimal ? Number.parseInt(decimal, 10) : Number.parseInt(hex ?? "", 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : entity;
  });
}
