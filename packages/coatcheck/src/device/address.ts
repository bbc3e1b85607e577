import { isIP, SocketAddress } from "node:net";

/**
 * Decides how much of a client's IP address a session stores.
 *
 * - `full`: the complete IP address.
 * - `truncated`: the network prefix, /24 for IPv4 and /48 for IPv6. It identifies about a household or an office.
 * - `none`: nothing.
 */
export type AddressPrivacy = "full" | "truncated" | "none";

/** Truncates or removes an IP address, depending on `privacy`. Returns null for `none` and for an invalid address. */
export function anonymizeAddress(address: string | null, privacy: AddressPrivacy): string | null {
  if (address === null || privacy === "none" || isIP(address) === 0) return null;
  return privacy === "full" ? address : truncateAddress(address);
}

const IPV4_MAPPED_PATTERN = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

function truncateAddress(address: string): string {
  const v4 = isIP(address) === 4 ? address : IPV4_MAPPED_PATTERN.exec(address)?.[1];
  if (v4 !== undefined) return `${v4.slice(0, v4.lastIndexOf("."))}.0`;
  const [left = "", right = ""] = address.split("%")[0]?.split("::") ?? [];
  const before = splitGroups(left);
  const after = splitGroups(right);
  const gap = address.includes("::") ? Array(8 - before.length - after.length).fill("0") : [];
  const prefix = [...before, ...gap, ...after].slice(0, 3).join(":");
  return new SocketAddress({ address: `${prefix}::`, family: "ipv6" }).address;
}

/**
 * Splits one side of the `::` in an IPv6 address into its groups. Turns an IPv4 suffix, as in `64:ff9b::192.0.2.1`,
 * into two groups.
 */
function splitGroups(text: string): string[] {
  const groups = text === "" ? [] : text.split(":");
  return groups.at(-1)?.includes(".") ? [...groups.slice(0, -1), "0", "0"] : groups;
}
