#!/usr/bin/env node
import { existsSync } from "node:fs";
import * as module from "node:module";
import { fileURLToPath } from "node:url";

if (Number.parseInt(process.versions.node, 10) < 24) {
  console.error(`coatcheck: Node 24 or later is required; this is ${process.version}.`);
  process.exit(1);
}

// Halves the time to start. The cache is next to the code, because a process that may write it could run other code.
module.enableCompileCache(fileURLToPath(new URL("../.cache", import.meta.url)));

// A checkout runs the TypeScript sources of service and library directly. The published package contains built files.
const source = new URL("../src/main.ts", import.meta.url);
if (existsSync(source)) {
  module.registerHooks({
    resolve: (specifier, context, next) =>
      next(specifier, { ...context, conditions: [...context.conditions, "coatcheck-source"] }),
  });
}
const { main } = await import(
  existsSync(source) ? source.href : new URL("../dist/main.js", import.meta.url).href
);
await main(process.argv);
