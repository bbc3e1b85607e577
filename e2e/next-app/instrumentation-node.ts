import { sessions } from "./lib/sessions.ts";

await sessions.manager();

async function closeAndExit() {
  await sessions.close();
  process.exit(0);
}

process.once("SIGTERM", closeAndExit);
process.once("SIGINT", closeAndExit);
