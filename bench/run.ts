/**
 * Measures what a session layer costs: a logged-in GET over 10,000 sessions of 1 KB, every server in its own process,
 * rounds interleaved, medians quoted. Prints a table and writes it to RESULTS.md.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import autocannon from "autocannon";
import { ENTRIES, type Entry } from "./contestants.ts";
import { measureRaces } from "./races.ts";
import { measureRevocation } from "./revocation.ts";
import { startServers } from "./servers/remote.ts";
import { type Contestant, logIn, SESSIONS } from "./servers/work.ts";

/** How often each server is started anew: what V8 makes of a program differs from one process to the next. */
const PROCESSES = Number(process.env.BENCH_PROCESSES ?? 5);
/** Of each process. */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 2);
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 1.5;
const SECONDS = Number(process.env.BENCH_SECONDS ?? 2);

/** What was measured of a contestant; one figure a round. */
interface Figures {
  readonly entry: Entry;
  readonly rates: number[];
  /** CPU microseconds per request. */
  readonly cpu: number[];
  /** Redis commands per request. */
  readonly commands: number[];
}

interface Server {
  readonly figures: Figures;
  readonly port: number;
  readonly cookies: readonly string[];
  readonly child: ChildProcess;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

async function start(figures: Figures, index: number): Promise<Server> {
  const child = fork(new URL("child.ts", import.meta.url), [String(index)], {
    execArgv: ["--conditions=coatcheck-source", "--no-warnings"],
    env: { ...process.env, ...remote.env, NODE_ENV: "production" },
  });
  const [{ port, cookies = await logIn(port) }] = (await once(child, "message")) as [Contestant];
  console.log(`  ready: ${figures.entry.framework}, ${figures.entry.name}`);
  return { figures, port, cookies, child };
}

async function cpuOf(child: ChildProcess): Promise<number> {
  child.send("cpu");
  const [{ user, system }] = (await once(child, "message")) as [NodeJS.CpuUsage];
  return user + system;
}

/**
 * Every connection is a few hundred browsers that take turns, so that all sessions are asked for. This process does not
 * sleep meanwhile: a server whose client sleeps pays for waking it, and the slower server more often than the faster. On
 * a virtual machine that was more than what the session cost.
 */
async function load(server: Server, seconds: number) {
  const share = Math.ceil(server.cookies.length / CONNECTIONS);
  let first = 0;
  let isDone = false;
  const stayAwake = () => {
    if (!isDone) setImmediate(stayAwake);
  };
  stayAwake();
  const result = await autocannon({
    url: `http://127.0.0.1:${server.port}`,
    connections: CONNECTIONS,
    duration: seconds,
    setupClient: (client) => {
      const cookies = server.cookies.slice(first, first + share);
      first += share;
      client.setRequests(cookies.map((cookie) => ({ method: "GET", path: "/", headers: { cookie } })));
    },
  });
  isDone = true;
  return result;
}

async function round(server: Server): Promise<void> {
  const { entry, rates, cpu, commands } = server.figures;
  // While the others had their turn it was idle, and V8 has put code and memory away.
  await load(server, WARM_UP_SECONDS);
  const before = await cpuOf(server.child);
  const commandsBefore = await remote.commands();
  const result = await load(server, SECONDS);
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${entry.name}: ${result.non2xx} answers were no 200`);
  const answered = result["2xx"];
  cpu.push(((await cpuOf(server.child)) - before) / answered);
  commands.push(((await remote.commands()) - commandsBefore) / answered);
  rates.push(answered / result.duration);
}

/** Runs every contestant in a process of its own for {@link ROUNDS} rounds. */
async function generation(contestants: readonly Figures[]): Promise<void> {
  const servers: Server[] = [];
  try {
    for (const [index, figures] of contestants.entries()) servers.push(await start(figures, index));
    for (let number = 1; number <= ROUNDS; number++) {
      console.log(`  round ${number} of ${ROUNDS}`);
      const order = number % 2 === 0 ? servers.toReversed() : servers;
      for (const server of order) await round(server);
    }
  } finally {
    for (const { child } of servers) child.kill();
  }
}

function row(measured: Figures, contestants: readonly Figures[]): string {
  const { framework, name, isRemote } = measured.entry;
  const bare = contestants.find(({ entry }) => entry.name === "bare" && entry.framework === framework);
  if (!bare) throw new Error(`There is no bare ${framework}.`);
  const ratio = median(measured.rates.map((rate, index) => rate / (bare.rates[index] ?? Number.NaN)));
  const added = median(measured.cpu.map((cpu, index) => cpu - (bare.cpu[index] ?? Number.NaN)));
  const cells = [
    Math.round(median(measured.rates)),
    ratio.toFixed(2),
    median(measured.cpu).toFixed(1),
    added.toFixed(1),
    isRemote ? median(measured.commands).toFixed(2) : "",
  ];
  return `| ${[framework, name, ...cells].join(" | ")} |`;
}

const loadBefore = loadavg()[0] ?? 0;
const remote = await startServers();
const contestants = ENTRIES.map((entry): Figures => ({ entry, rates: [], cpu: [], commands: [] }));
try {
  for (let number = 1; number <= PROCESSES; number++) {
    console.log(`Starting ${ENTRIES.length} servers, ${SESSIONS} sessions each: ${number} of ${PROCESSES}`);
    await generation(contestants);
  }
} finally {
  await remote.stop();
}

const table = [
  "| framework | sessions | requests/s | of bare | CPU per request, µs | of which the session, µs | Redis commands per request |",
  "|---|---|---|---|---|---|---|",
  ...contestants.map((measured) => row(measured, contestants)),
];
const report = [
  "# What a session costs",
  "",
  `A logged-in GET over ${SESSIONS.toLocaleString("en")} sessions of 1 KB; Node ${process.versions.node}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB; medians over ${PROCESSES} processes of each, started anew, with ${ROUNDS} interleaved rounds of ${SECONDS} s; ${CONNECTIONS} connections, a client that never sleeps. CPU is user and system time of the server's process, from the operating system; Redis commands as Redis counted them. Load average ${loadBefore.toFixed(1)} at the start. Written by \`npm run bench\`.`,
  "",
  ...table,
  "",
  "## Races",
  "",
  ...(await measureRaces()),
  "",
  "## Revocation",
  "",
  ...(await measureRevocation()),
  "",
].join("\n");

/** The README quotes the table of requests between two marks, so that no figure there is typed by hand. */
function quoteInReadme(table: readonly string[]): void {
  const readme = new URL("../README.md", import.meta.url);
  const quoted = readFileSync(readme, "utf8").replace(
    /(<!-- bench -->\n).*?(<!-- \/bench -->)/s,
    (_, before, after) => `${before}${table.join("\n")}\n${after}`,
  );
  writeFileSync(readme, quoted);
}

console.log(report);
writeFileSync(new URL("RESULTS.md", import.meta.url), report);
quoteInReadme(table);
