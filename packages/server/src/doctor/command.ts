import { Command } from "commander";
import { StartError } from "../start-error.ts";
import { examine } from "./examine.ts";
import { hasNoProblem, reportJson, reportText } from "./report.ts";

interface DoctorOptions {
  readonly frontend?: string;
  readonly cookie?: string;
  readonly method: string;
  readonly data?: string;
  readonly json?: true;
}

/** Builds `coatcheck doctor`. It exits with code 1 if it finds a problem. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description(
      "Request a page as a browser would, and report why its session cookie is not stored or not sent back.",
    )
    .argument("<url>", "URL of a page that sets the session cookie")
    .option("--frontend <origin>", "origin of the page that sends the request, if it differs from the URL's")
    .option("--cookie <name>", "name of the session cookie; default: a cookie whose name looks like one")
    .option("--method <method>", "HTTP method of the request", "GET")
    .option("--data <json>", "JSON body of the request")
    .option("--json", "print the report as JSON")
    .action(diagnose);
}

async function diagnose(address: string, options: DoctorOptions): Promise<void> {
  const { frontend, cookie, method, data, json } = options;
  const diagnosis = await examine({
    url: urlOf(address, "The URL"),
    frontend: frontend === undefined ? null : urlOf(frontend, "--frontend"),
    cookie: cookie ?? null,
    request: { method: method.toUpperCase(), ...(data === undefined ? {} : { data }) },
  });
  process.stdout.write(json ? reportJson(diagnosis) : reportText(diagnosis));
  if (!hasNoProblem(diagnosis)) process.exitCode = 1;
}

function urlOf(text: string, what: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new StartError([`${what} must be an http or https URL, such as https://shop.example.com/login.`]);
}
