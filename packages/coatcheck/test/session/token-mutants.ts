import { vi } from "vitest";
import { findOlderSecret } from "../../src/session/older-secrets.ts";
import { PrivilegeWriter } from "../../src/session/privileges.ts";
import { hashSecret, SecretRing } from "../../src/session/token.ts";
import { tokenSupersededError } from "../../src/session/token-errors.ts";
import { type PresentedToken, type SecretReplacement, TokenRules } from "../../src/session/token-rules.ts";
import { SITE_SECRETS, TOKEN_OVERLAP } from "./token-site.ts";

/** A rule that is simpler than the real rule, and the property in token-model.test.ts that it violates. */
export interface Mutant {
  readonly rule: string;
  readonly violatedProperty: number;
  /** Replaces methods of `TokenRules.prototype` until `vi.restoreAllMocks()` is called. */
  apply(): void;
}

const { check, replaceSecret, mayWrite } = TokenRules.prototype;
const originalMethods = { check, replaceSecret, mayWrite };

/** Replaces a method of the rules. `name` is any string, because the type of the rules hides protected methods. */
function overrideRule(name: string, method: (this: TokenRules, ...values: never[]) => unknown): void {
  vi.spyOn(TokenRules.prototype, name as "check").mockImplementation(method as TokenRules["check"]);
}

/** Derives the new secret from the secret in the request, as periodic rotation did in an earlier version. */
function deriveFromPresented(id: string, presented: PresentedToken | null): string {
  return new SecretRing(SITE_SECRETS).deriveSuccessor(id, presented?.secret ?? "");
}

type RuleRecord<Name extends keyof typeof originalMethods> = Parameters<TokenRules[Name]>[0];

export const MUTANTS: readonly Mutant[] = [
  {
    rule: "a new secret is derived from the replaced secret",
    violatedProperty: 1,
    apply: () =>
      overrideRule("newSecret", (record: RuleRecord<"replaceSecret">, { presented }: SecretReplacement) =>
        deriveFromPresented(record.id, presented),
      ),
  },
  {
    rule: "a new secret is derived from the replaced secret, with a secret that never leaks",
    violatedProperty: 2,
    apply: () =>
      overrideRule("newSecret", ({ id }: RuleRecord<"replaceSecret">, { presented }: SecretReplacement) =>
        hashSecret(deriveFromPresented(id, presented)).slice(0, 22),
      ),
  },
  {
    rule: "the overlap is counted from the session's last rotation",
    violatedProperty: 4,
    apply: () => {
      overrideRule("overlapEnd", ({ rotatedAt }: RuleRecord<"check">) => rotatedAt + TOKEN_OVERLAP);
      overrideRule("check", function (record: RuleRecord<"check">, hash: string, now: number) {
        const check = originalMethods.check.call(this, record, hash, now);
        return check === "replaced" && now < record.rotatedAt + TOKEN_OVERLAP ? "superseded" : check;
      });
    },
  },
  {
    rule: "a rotation with an older, still valid token keeps the elevations",
    violatedProperty: 2,
    apply: () => overrideRule("elevationsFor", ({ elevations }: RuleRecord<"check">) => elevations),
  },
  {
    rule: "a login does not invalidate older tokens that are still valid",
    violatedProperty: 1,
    apply: () =>
      overrideRule(
        "replaceSecret",
        function (record: RuleRecord<"replaceSecret">, change: SecretReplacement) {
          const { secret, fields } = originalMethods.replaceSecret.call(this, record, change);
          const olderSecrets = [...fields.olderSecrets.slice(0, 1), ...record.olderSecrets];
          return { secret, fields: { ...fields, olderSecrets } };
        },
      ),
  },
  {
    rule: "a login does not invalidate the token that it replaces",
    violatedProperty: 1,
    apply: () =>
      overrideRule(
        "replaceSecret",
        function (record: RuleRecord<"replaceSecret">, change: SecretReplacement) {
          return originalMethods.replaceSecret.call(this, record, { ...change, older: "keep" });
        },
      ),
  },
  {
    rule: "a logout with an invalid older token only clears the cookie",
    violatedProperty: 5,
    apply: () =>
      overrideRule("mayLogOut", function (record: RuleRecord<"check">, hash: string, now: number) {
        return originalMethods.mayWrite.call(this, record, hash, now);
      }),
  },
  {
    rule: "a logout ends the session only within the overlap",
    violatedProperty: 5,
    apply: () =>
      overrideRule("mayLogOut", function (record: RuleRecord<"check">, hash: string, now: number) {
        const check = originalMethods.check.call(this, record, hash, now);
        return check === "current" || check === "older" || check === "superseded";
      }),
  },
  {
    rule: "a write that waited for a login is not checked again",
    violatedProperty: 1,
    apply: () => overrideRule("mayWrite", () => true),
  },
  {
    rule: "a login with an older token is refused",
    violatedProperty: 3,
    apply: () => {
      const { authenticate } = PrivilegeWriter.prototype;
      vi.spyOn(PrivilegeWriter.prototype, "authenticate").mockImplementation(async function (
        this: PrivilegeWriter<unknown>,
        from,
        login,
      ) {
        const { presented } = login;
        if (presented && findOlderSecret(from.olderSecrets, presented.hash)) throw tokenSupersededError();
        return await authenticate.call(this, from, login);
      });
    },
  },
];
