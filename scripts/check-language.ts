/**
 * Fails on phrases in code, tests and documents that readers found hard to understand. For each phrase, the list
 * contains a replacement. Reviews add phrases.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./documents.ts";

/** Each banned phrase and its replacement. */
const BANNED_PHRASES: readonly (readonly [phrase: RegExp, instead: string])[] = [
  [/\bunless (given|told|set)\b/i, '"Default: …"'],
  [/\bwill not do\b/i, '"is invalid", and why'],
  [/\b(whoever|whosoever|whomever)\b/i, "the actor: the caller, the browser, the process"],
  [/\b(somebody|someone else|somebody else)\b/i, "the actor: a user, another process"],
  [/(?<!["'`])\b[Nn]obody\b(?!["'`])/, "the actor, negated: no process, the caller does not"],
  [/\bwhat is no\b/i, "a noun: malformed ids, other values"],
  [/\bmeanwhile\b/i, '"in the meantime" or the event: "after another request changed it"'],
  [/\blest\b/i, '"so that … does not"'],
  [/\b(thereof|therein|hereby|henceforth|whereupon)\b/i, "a plain sentence"],
  [/\bof its own accord\b/i, '"by itself", or the trigger'],
  [/\bunder way\b/i, '"in progress" or "pending"'],
  [/\b(is|are|was|were|been) born\b|\bnew-born\b/i, '"created"'],
  [/\bto be had\b/i, '"available"'],
  [/\bmay come in\b/i, '"is valid"'],
  [/\bknocks?\b|\bknocking\b/i, '"requests", "repeats"'],
  [/\bseed words\b|\bthe seeds?'|\b(as in|of|in) the seeds?\b/i, "the term itself"],
  [/\bas it likes\b|\bat its word\b|\byesterday's\b/i, "a literal sentence"],
  [/\bby the means of\b|\bon trial\b/i, 'the literal verb: "with the API of", "checks"'],
  [/\bThrows as \{@link/, '"Throws the same errors as"'],
  [/\b(when|if) it is none\b/i, '"for any other value"'],
  [/\bcarr(y|ied) the \w+ out\b/i, '"carry out the …"'],
  [/\bit is said\b|\bis said to be\b|\bsays so\b/i, '"reports", and what'],
  [
    /(?<!\b[Tt]here )\b(is|are) no (valid|id|person|people|object|number|text|proof|JSON|string|list|error|navigation)\b/,
    '"is not a …"',
  ],
  [/\bany ?more\b(?! than)/i, '"no longer"'],
  [/\ball the same\b|\banew\b/i, '"anyway", "again"'],
  [/\b(hears?|heard) of\b/i, '"receives", "learns of"'],
];

/** Files that are not checked: licenses and other text that must not be changed, and this list. */
const EXEMPT_FILE_PATTERNS = [
  /^LICENSE$|\/LICENSE$/,
  /^package-lock\.json$/,
  /^scripts\/check-language\.ts$/,
];
const TEXT_FILE_PATTERN = /\.(ts|tsx|mts|js|mjs|md|css|html|php|lua|sql|json|ya?ml)$/;

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter(
    (file) => TEXT_FILE_PATTERN.test(file) && !EXEMPT_FILE_PATTERNS.some((pattern) => pattern.test(file)),
  );

const faults = files.flatMap((file) =>
  readFileSync(join(root, file), "utf8")
    .split("\n")
    .flatMap((line, index) =>
      BANNED_PHRASES.filter(([phrase]) => phrase.test(line)).map(
        ([phrase, instead]) => `${file}:${index + 1}: "${line.match(phrase)?.[0]}": write ${instead}`,
      ),
    ),
);

for (const fault of faults) console.error(fault);
if (faults.length > 0) {
  console.error(`${faults.length} phrases must be replaced with plain English; see the list above.`);
  process.exit(1);
}
console.log(`ok   plain English in ${files.length} files`);
