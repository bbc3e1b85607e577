#!/usr/bin/env node
import { existsSync } from "node:fs";
import * as module from "node:module";
import { fileURLToPath } from "node:url";

if (Number.parseInt(process.versions.node, 10) < 24) {
  console.error(`coatcheck: needs Node 24 or newer; this is ${process.version}.`);
  process.exit(1);
}

// Halves the time to start. Beside the code, for whoever may write here may change the code as well; not in /tmp.
module.enableCompileCache(fileURLToPath(new URL("../.cache", import.meta.url)));

// In a checkout the sources run as they are, the library's too; what is published has been built.
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
