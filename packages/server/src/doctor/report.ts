import type { Diagnosis } from "./examine.ts";

/** Whether sessions work as far as can be seen. */
export function isWell({ findings }: Diagnosis): boolean {
  return findings.every(({ level }) => level !== "problem");
}

/** For people: each finding, and what to do about it. */
export function textOf(diagnosis: Diagnosis): string {
  const { stops, session, findings } = diagnosis;
  const lines = stops.map(({ url, status, cookies }) => {
    const names = cookies.map(({ name }) => name).join(", ");
    return `${status}  ${url.href}${names === "" ? "" : `  sets ${names}`}`;
  });
  for (const { level, code, message, advice } of findings) {
    lines.push("", `${level}  ${code}`, `  ${message}`, `  → ${advice}`);
  }
  if (findings.length === 0)
    lines.push("", `Nothing is wrong with ${session?.name} that can be seen from here.`);
  return `${lines.join("\n")}\n`;
}

/** For programs. No value of a cookie is in it. */
export function jsonOf(diagnosis: Diagnosis): string {
  const { stops, session, findings } = diagnosis;
  const answers = stops.map(({ url, status, cookies }) => ({
    url: url.href,
    status,
    cookies: cookies.map(({ name, attributes }) => ({ name, attributes: Object.fromEntries(attributes) })),
  }));
  const report = { ok: isWell(diagnosis), session: session?.name ?? null, answers, findings };
  return `${JSON.stringify(report, null, 2)}\n`;
}
