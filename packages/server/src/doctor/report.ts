import type { Diagnosis } from "./examine.ts";

/** Whether the diagnosis has no finding of level `problem`. */
export function hasNoProblem({ findings }: Diagnosis): boolean {
  return findings.every(({ level }) => level !== "problem");
}

/** Formats the report for people: the responses, then each finding with its advice. */
export function reportText(diagnosis: Diagnosis): string {
  const { responses, session, findings } = diagnosis;
  const lines = responses.map(({ url, status, cookies }) => {
    const names = cookies.map(({ name }) => name).join(", ");
    return `${status}  ${url.href}${names === "" ? "" : `  sets ${names}`}`;
  });
  for (const { level, code, message, advice } of findings) {
    lines.push("", `${level}  ${code}`, `  ${message}`, `  → ${advice}`);
  }
  if (findings.length === 0) lines.push("", `No problem found with ${session?.name}.`);
  return `${lines.join("\n")}\n`;
}

/** Formats the report for programs, as JSON. It contains no cookie values. */
export function reportJson(diagnosis: Diagnosis): string {
  const { responses, session, findings } = diagnosis;
  const answers = responses.map(({ url, status, cookies }) => ({
    url: url.href,
    status,
    cookies: cookies.map(({ name, attributes }) => ({ name, attributes: Object.fromEntries(attributes) })),
  }));
  const report = { ok: hasNoProblem(diagnosis), session: session?.name ?? null, answers, findings };
  return `${JSON.stringify(report, null, 2)}\n`;
}
