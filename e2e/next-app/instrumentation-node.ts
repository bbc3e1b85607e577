import { sessions } from "./lib/sessions.ts";

await sessions.manager();

async function close() {
  await sessions.close();
  process.exit(0);
}

process.once("SIGTERM", close);
process.once("SIGINT", close);
