import type { SessionRecord, SessionStore } from "coatcheck";
import type { Coverage } from "./coverage.ts";
import { createMutant, type Mutant, readAllSessions } from "./mutant.ts";

const COLLATION_FOLDS = {
  case: (text: string) => text.toLowerCase(),
  accents: (text: string) => text.normalize("NFD").replaceAll(/\p{M}/gu, ""),
  normalization: (text: string) => text.normalize("NFC"),
  "compatible characters": (text: string) => text.normalize("NFKC"),
  "trailing blanks": (text: string) => text.trimEnd(),
  "surrounding blanks": (text: string) => text.trim(),
  "invisible characters": (text: string) => text.replaceAll(/\p{Cf}/gu, ""),
  emoji: (text: string) => text.replaceAll(/\p{Emoji_Presentation}/gu, "?"),
};

type TextField = "subject" | "tenant" | "owner" | "visitorId";

/**
 * Returns the sessions whose `field` equals `value` once `fold` has been applied to both. `fold` removes the
 * differences that a collation ignores.
 */
async function findEqual(
  fold: (text: string) => string,
  store: SessionStore,
  field: TextField,
  value: string,
): Promise<readonly SessionRecord[]> {
  return (await readAllSessions(store)).filter((record) => fold(record[field] ?? "") === fold(value));
}

function createFoldingListMutant(fold: (text: string) => string, field: TextField): Mutant {
  return createMutant((store) => ({
    async list(filter, page) {
      const { [field]: value } = filter;
      if (value === undefined) return await store.list(filter, page);
      return { records: await findEqual(fold, store, field, value), next: null };
    },
  }));
}

function createFoldingRevokeMutant(fold: (text: string) => string, field: "subject" | "tenant"): Mutant {
  return createMutant((store) => ({
    async revoke(scope, reason) {
      const value = (scope as { readonly [field in TextField]?: string })[field];
      if (value === undefined) return await store.revoke(scope, reason);
      const records = await findEqual(fold, store, field, value);
      const values = new Set(records.map((record) => record[field] ?? ""));
      const scopes = Array.from(values, (name) =>
        field === "subject" ? { subject: name } : { tenant: name },
      );
      const counts = await Promise.all(scopes.map((exact) => store.revoke(exact, reason)));
      return counts.reduce((left, right) => left + right, 0);
    },
  }));
}

function createFoldingLimitMutant(fold: (text: string) => string): Mutant {
  return createMutant((store) => ({
    async put(record, { sessionLimit, ...options }) {
      const { subject } = record;
      const count = subject === null ? 0 : (await findEqual(fold, store, "subject", subject)).length;
      return sessionLimit && count >= sessionLimit.max ? "over-limit" : await store.put(record, options);
    },
  }));
}

const CASES: Readonly<Record<string, (fold: (text: string) => string) => Readonly<Record<string, Mutant>>>> =
  {
    "list() distinguishes names by case, accents, normalization and blanks": (fold) => ({
      "list by subject": createFoldingListMutant(fold, "subject"),
      "list by tenant": createFoldingListMutant(fold, "tenant"),
      "list by owner": createFoldingListMutant(fold, "owner"),
      "list by visitorId": createFoldingListMutant(fold, "visitorId"),
    }),
    "revoke() of a subject distinguishes names by case, accents, normalization and blanks": (fold) => ({
      "revoke of a subject": createFoldingRevokeMutant(fold, "subject"),
    }),
    "revoke() of a tenant distinguishes names by case, accents, normalization and blanks": (fold) => ({
      "revoke of a tenant": createFoldingRevokeMutant(fold, "tenant"),
    }),
    "the session limit distinguishes names by case, accents, normalization and blanks": (fold) => ({
      "the session limit": createFoldingLimitMutant(fold),
    }),
  };

const MUTANTS = Object.entries(COLLATION_FOLDS).flatMap(([ignored, fold]) =>
  Object.entries(CASES).flatMap(([title, mutantsOf]) =>
    Object.entries(mutantsOf(fold)).map(([what, made]) => ({
      title,
      name: `${what} ignores ${ignored}`,
      made,
    })),
  ),
);

/** Faults of stores whose collation regards different names as equal. */
export const collationMutants: Readonly<Record<string, Mutant>> = Object.fromEntries(
  MUTANTS.map(({ name, made }) => [name, made]),
);

/** The cases that must catch these faults. */
export const collationCoverage: Coverage = Object.fromEntries(
  Object.keys(CASES).map((each) => [
    each,
    MUTANTS.filter(({ title }) => title === each).map(({ name }) => name),
  ]),
);
