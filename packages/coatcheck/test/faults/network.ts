import { writeFile } from "node:fs/promises";
import { runCommand } from "../servers/machine.ts";

/** Set to 1 in the process that has its own network namespace. */
const NAMESPACE_VARIABLE = "COATCHECK_FAULTS_NETWORK";

/** Whether this process has its own network namespace. */
export const isInNamespace: boolean = process.env[NAMESPACE_VARIABLE] === "1";

/**
 * Restarts this program in the same process, with its own network and mount namespaces. When the process ends, the
 * kernel removes everything that was created in these namespaces. The machine's own network stays unchanged.
 */
export function enterOwnNetwork(unshare: string): never {
  const args = [
    "unshare",
    "--net",
    "--mount",
    process.execPath,
    ...process.execArgv,
    ...process.argv.slice(1),
  ];
  process.execve?.(unshare, args, { ...process.env, [NAMESPACE_VARIABLE]: "1" });
  throw new Error("This version of Node cannot replace its own process. Use Node 24.");
}

/** A network namespace with a link to this process. It simulates a separate machine. */
export interface Namespace {
  readonly name: string;
  /** The address at which the namespace reaches this process and its loopback servers. */
  readonly gateway: string;
  /** Silently drops every packet to and from these ports until {@link stopDrops} is called. */
  startDrops(ports: readonly number[]): Promise<void>;
  /** Ends the dropping of packets on all ports. */
  stopDrops(): Promise<void>;
}

/** Prepares the network of this process. Must be called once, before {@link addNamespace}. */
export async function openNetwork(): Promise<void> {
  await runCommand("mkdir", ["-p", "/run/netns"]);
  await runCommand("mount", ["-t", "tmpfs", "tmpfs", "/run/netns"]);
  await runCommand("ip", ["link", "set", "lo", "up"]);
  // The servers listen only on the loopback interface and accept only connections from that interface.
  const toServers = ["PREROUTING", "-p", "tcp", "-j", "DNAT", "--to-destination", "127.0.0.1"];
  const fromLoopback = ["INPUT", "-s", "10.99.0.0/16", "-p", "tcp", "-j", "SNAT", "--to-source", "127.0.0.1"];
  for (const rule of [toServers, fromLoopback])
    await runCommand("iptables", ["-w", "-t", "nat", "-A", ...rule]);
}

/** Creates a namespace. `number` determines the addresses. It must be from 1 to 254 and differ for each namespace. */
export async function addNamespace(name: string, number: number): Promise<Namespace> {
  const link = `link${number}`;
  const gateway = `10.99.${number}.1`;
  const ip = (...args: string[]) => runCommand("ip", args);
  await ip("netns", "add", name);
  await ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name);
  await ip("address", "add", `${gateway}/24`, "dev", link);
  await ip("link", "set", link, "up");
  await ip("-n", name, "address", "add", `10.99.${number}.2/24`, "dev", "eth0");
  await ip("-n", name, "link", "set", "eth0", "up");
  await writeFile(`/proc/sys/net/ipv4/conf/${link}/route_localnet`, "1");

  const filter = (...args: string[]) => runCommand("ip", ["netns", "exec", name, "iptables", "-w", ...args]);
  return {
    name,
    gateway,
    async startDrops(ports) {
      for (const port of ports.map(String)) {
        await filter("-A", "OUTPUT", "-p", "tcp", "--dport", port, "-j", "DROP");
        await filter("-A", "INPUT", "-p", "tcp", "--sport", port, "-j", "DROP");
      }
    },
    async stopDrops() {
      await filter("-F");
    },
  };
}
