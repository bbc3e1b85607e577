/** Elements whose content is text, so that a tag inside them is not markup. */
const RAW_TEXT = ["script", "style", "textarea", "title"];
const ATTRIBUTE = /[\s/]*([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?/y;
const ENTITY = /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos));/gi;
const NAMED_ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * Finds an attribute of an element in an HTML page: the value of `valueAttribute` in the first `tag` whose attribute
 * `name` equals `name`; null when there is no such element. Ignores comments and the content of scripts. It reads the
 * page once from start to end without backtracking, so that a hostile page cannot make it slow.
 */
export function findAttribute(
  html: string,
  tag: string,
  name: string,
  valueAttribute: string,
): string | null {
  // Convert ASCII letters only: some letters, such as İ, are longer in lower case, which would shift all later indexes.
  const lower = html.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  for (let at = lower.indexOf("<"); at !== -1; at = lower.indexOf("<", at)) {
    if (lower.startsWith("<!--", at)) {
      at = endOf(lower, "-->", at);
      continue;
    }
    const tagName = /[a-z][a-z\d-]*/y;
    tagName.lastIndex = at + 1;
    const [found] = tagName.exec(lower) ?? [];
    if (found === undefined) {
      at += 1;
      continue;
    }
    const attributes = attributesAt(html, tagName.lastIndex);
    if (found === tag && attributes.get("name") === name) return attributes.get(valueAttribute) ?? null;
    at = RAW_TEXT.includes(found) ? endOf(lower, `</${found}`, at) : tagName.lastIndex;
  }
  return null;
}

function attributesAt(html: string, from: number): Map<string, string> {
  const attributes = new Map<string, string>();
  ATTRIBUTE.lastIndex = from;
  for (let match = ATTRIBUTE.exec(html); match; match = ATTRIBUTE.exec(html)) {
    const name = (match[1] ?? "").toLowerCase();
    if (!attributes.has(name)) attributes.set(name, decodeEntities(match[2] ?? match[3] ?? match[4] ?? ""));
  }
  return attributes;
}

function endOf(text: string, delimiter: string, from: number): number {
  const at = text.indexOf(delimiter, from);
  return at === -1 ? text.length : at + delimiter.length;
}

function decodeEntities(value: string): string {
  return value.replace(ENTITY, (entity, decimal?: string, hex?: string, name?: string) => {
    if (name) return NAMED_ENTITIES[name.toLowerCase()] ?? entity;
    const codePoint = decimal ? Number.parseInt(decimal, 10) : Number.parseInt(hex ?? "", 16);
    return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : entity;
  });
}
