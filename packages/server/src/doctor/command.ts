import { Command } from "commander";
import { StartError } from "../start-error.ts";
import { examine } from "./examine.ts";
import { isWell, jsonOf, textOf } from "./report.ts";

interface DoctorOptions {
  readonly frontend?: string;
  readonly cookie?: string;
  readonly method: string;
  readonly data?: string;
  readonly json?: true;
}

/** `coatcheck doctor`. Exit code 1 when something keeps sessions from working. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description(
      "Ask a site for its session cookie, and say why a browser would not keep it or send it back.",
    )
    .argument("<url>", "a page that sets the session cookie")
    .option("--frontend <origin>", "where the page comes from that asks, if not from the URL's own origin")
    .option("--cookie <name>", "the session cookie; else whichever looks like one")
    .option("--method <method>", "how to ask", "GET")
    .option("--data <json>", "what to send along")
    .option("--json", "answer for programs")
    .action(diagnose);
}

async function diagnose(address: string, options: DoctorOptions): Promise<void> {
  const { frontend, cookie, method, data, json } = options;
  const diagnosis = await examine({
    url: urlOf(address, "The URL"),
    frontend: frontend === undefined ? null : urlOf(frontend, "--frontend"),
    cookie: cookie ?? null,
    asking: { method: method.toUpperCase(), ...(data === undefined ? {} : { data }) },
  });
  process.stdout.write(json ? jsonOf(diagnosis) : textOf(diagnosis));
  if (!isWell(diagnosis)) process.exitCode = 1;
}

function urlOf(text: string, what: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new StartError([`${what} must be such as https://shop.example.com/login.`]);
}
