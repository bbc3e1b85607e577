import { readFileSync } from "node:fs";

const CONTRACT_FILE = new URL("../../../src/session/store.ts", import.meta.url);

/** Returns the sentences of the documentation comments in `session/store.ts`, in order. */
export function readContractSentences(): readonly string[] {
  const source = readFileSync(CONTRACT_FILE, "utf8");
  return [...source.matchAll(/\/\*\*(.*?)\*\//gs)].flatMap(([, comment = ""]) =>
    comment
      .replaceAll(/^\s*\* ?/gm, "")
      .split(/\n\s*\n|^- |^@/m)
      .map((paragraph) => paragraph.replaceAll(/\s+/g, " ").trim())
      .flatMap((paragraph) => paragraph.split(/(?<=\.|\.\)) (?=[A-Z0-9`])/))
      .filter((sentence) => sentence !== ""),
  );
}
