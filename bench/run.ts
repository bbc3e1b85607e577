/**
 * Measures the cost of session libraries: GET requests by logged-in users, over 10,000 sessions of 1 KB. Every server
 * has its own process, rounds are interleaved, and the results are medians.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import autocannon from "autocannon";
import { closingLine, type MeasurementCommand, readCommandLine } from "../scripts/measurement-command.ts";
import { BENCHMARK_ENTRIES, type BenchmarkEntry } from "./contestants.ts";
import { measureContext } from "./context.ts";
import { measureRaces } from "./races.ts";
import { measureRevocation } from "./revocation.ts";
import { startServers } from "./servers/remote.ts";
import { logIn, SESSION_COUNT, type ServerUnderTest } from "./servers/workload.ts";
import { measureUnused } from "./unused.ts";

/**
 * Number of processes per server. One would not be enough, because V8 optimizes the same program differently in each
 * process.
 */
const PROCESSES_PER_SERVER = Number(process.env.BENCH_PROCESSES ?? 5);
/** Measurement rounds per server process. */
const ROUNDS_PER_PROCESS = Number(process.env.BENCH_ROUNDS ?? 2);
const CONNECTION_COUNT = 32;
const WARM_UP_SECONDS = 1.5;
const ROUND_SECONDS = Number(process.env.BENCH_SECONDS ?? 2);

const COMMAND: MeasurementCommand = {
  command: "npm run bench",
  description:
    "Compares the cost of session libraries, their behaviour in races, and the time a revocation takes.",
  files: ["README.md", "bench/RESULTS.md"],
  environment: {
    BENCH_PROCESSES: "Processes per server. Default: 5.",
    BENCH_ROUNDS: "Rounds per process. Default: 2.",
    BENCH_SECONDS: "Seconds per round. Default: 2.",
  },
};
const { writesFiles } = readCommandLine(COMMAND);

/** The measurements of one server. Each array has one value per round. */
interface Measurements {
  readonly entry: BenchmarkEntry;
  readonly rates: number[];
  /** CPU time per request, in microseconds. */
  readonly cpu: number[];
  /** Redis commands per request. */
  readonly commands: number[];
}

/** A running server process. */
interface ServerProcess {
  readonly measurements: Measurements;
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

async function startServer(measurements: Measurements, index: number): Promise<ServerProcess> {
  const child = fork(new URL("child.ts", import.meta.url), [String(index)], {
    execArgv: ["--conditions=coatcheck-source", "--no-warnings"],
    env: { ...process.env, ...remote.env, NODE_ENV: "production" },
  });
  const [{ port, cookies = await logIn(port) }] = (await once(child, "message")) as [ServerUnderTest];
  console.log(`  ready: ${measurements.entry.framework}, ${measurements.entry.name}`);
  return { measurements, port, cookies, child };
}

async function cpuTimeOf(child: ChildProcess): Promise<number> {
  child.send("cpu");
  const [{ user, system }] = (await once(child, "message")) as [NodeJS.CpuUsage];
  return user + system;
}

/**
 * Sends requests for a number of seconds. Each connection sends the cookies of a few hundred browsers in turn, so that
 * all sessions are used. This process never sleeps during a measurement, because the server spends CPU time on waking a
 * sleeping client, and a slower server does so more often. On a virtual machine, waking the client took more CPU time
 * than the session library.
 */
async function sendRequests(server: ServerProcess, seconds: number) {
  const share = Math.ceil(server.cookies.length / CONNECTION_COUNT);
  let first = 0;
  let isDone = false;
  const stayAwake = () => {
    if (!isDone) setImmediate(stayAwake);
  };
  stayAwake();
  const result = await autocannon({
    url: `http://127.0.0.1:${server.port}`,
    connections: CONNECTION_COUNT,
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

async function measureRound(server: ServerProcess): Promise<void> {
  const { entry, rates, cpu, commands } = server.measurements;
  // Warm up again: V8 may have discarded compiled code while the other servers were measured.
  await sendRequests(server, WARM_UP_SECONDS);
  const before = await cpuTimeOf(server.child);
  const commandsBefore = await remote.countCommands();
  const result = await sendRequests(server, ROUND_SECONDS);
  if (result.non2xx > 0 || result.errors > 0) {
    const { non2xx, errors } = result;
    throw new Error(
      `${entry.name}: ${non2xx} responses had a status other than 2xx, ${errors} requests failed.`,
    );
  }
  const served = result["2xx"];
  cpu.push(((await cpuTimeOf(server.child)) - before) / served);
  commands.push(((await remote.countCommands()) - commandsBefore) / served);
  rates.push(served / result.duration);
}

/** Starts every server in a new process and measures it for {@link ROUNDS_PER_PROCESS} rounds. */
async function measureOnce(results: readonly Measurements[]): Promise<void> {
  const servers: ServerProcess[] = [];
  try {
    for (const [index, measurements] of results.entries())
      servers.push(await startServer(measurements, index));
    for (let number = 1; number <= ROUNDS_PER_PROCESS; number++) {
      console.log(`  round ${number} of ${ROUNDS_PER_PROCESS}`);
      const order = number % 2 === 0 ? servers.toReversed() : servers;
      for (const server of order) await measureRound(server);
    }
  } finally {
    for (const { child } of servers) child.kill();
  }
}

function tableRow(measured: Measurements, results: readonly Measurements[]): string {
  const { framework, name, isRemote } = measured.entry;
  const bare = results.find(({ entry }) => entry.name === "bare" && entry.framework === framework);
  if (!bare) throw new Error(`ENTRIES has no entry for ${framework} without sessions.`);
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
const results = BENCHMARK_ENTRIES.map((entry): Measurements => ({ entry, rates: [], cpu: [], commands: [] }));
try {
  for (let number = 1; number <= PROCESSES_PER_SERVER; number++) {
    console.log(
      `Starting ${BENCHMARK_ENTRIES.length} servers, ${SESSION_COUNT} sessions each: ${number} of ${PROCESSES_PER_SERVER}`,
    );
    await measureOnce(results);
  }
} finally {
  await remote.stop();
}

const table = [
  "| framework | session library | requests/s | of bare | CPU per request, µs | session CPU, µs | Redis commands per request |",
  "|---|---|---|---|---|---|---|",
  ...results.map((measured) => tableRow(measured, results)),
];
const report = [
  "# Benchmark results",
  "",
  `Each request is a GET by a logged-in user, over ${SESSION_COUNT.toLocaleString("en")} sessions of 1 KB.`,
  "",
  `- Machine: Node ${process.versions.node}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB. The load average was ${loadBefore.toFixed(1)} at the start.`,
  `- Method: medians over ${PROCESSES_PER_SERVER} new processes per server, each with ${ROUNDS_PER_PROCESS} interleaved rounds of ${ROUND_SECONDS} s. The client has ${CONNECTION_COUNT} connections and never sleeps.`,
  "- *of bare*: requests/s divided by those of the bare framework in the same round.",
  "- *CPU per request*: user and system time of the server's process, as reported by the operating system.",
  "- *session CPU*: the same, minus that of the bare framework in the same round.",
  "- *Redis commands per request*: as counted by Redis.",
  "",
  "Written by `npm run bench -- --write`.",
  "",
  ...table,
  "",
  "## Routes without a session",
  "",
  ...(await measureUnused()),
  "",
  "## Context",
  "",
  ...(await measureContext()),
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

/** Replaces the table between the two marks in the README. */
function quoteInReadme(table: readonly string[]): void {
  const readme = new URL("../README.md", import.meta.url);
  const quoted = readFileSync(readme, "utf8").replace(
    /(<!-- bench -->\n).*?(<!-- \/bench -->)/s,
    (_, before, after) => `${before}${table.join("\n")}\n${after}`,
  );
  writeFileSync(readme, quoted);
}

console.log(report);
if (writesFiles) {
  writeFileSync(new URL("RESULTS.md", import.meta.url), report);
  quoteInReadme(table);
}
console.log(closingLine(COMMAND, writesFiles));
