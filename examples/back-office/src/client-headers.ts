import type { IncomingMessage } from "node:http";
import { ClientAddress, type TrustProxy } from "coatcheck/http";

/**
 * Replaces the values of a request's forwarding headers with the client's address, protocol and host as the trusted
 * proxies report them. Pages and routes of Next.js see only the headers, not the connection, so they could not
 * recognize a forged address.
 */
export function createHeaderReplacer(trustProxy: TrustProxy): (request: IncomingMessage) => void {
  const clients = new ClientAddress(trustProxy);
  return ({ headers, socket }) => {
    const { address, protocol, host } = clients.resolve({
      address: socket.remoteAddress,
      encrypted: false,
      header: (name) => headers[name]?.toString(),
    });
    const described = {
      "x-forwarded-for": address,
      "x-forwarded-proto": protocol,
      "x-forwarded-host": host,
    };
    for (const [name, value] of Object.entries(described)) {
      if (value === null) delete headers[name];
      else headers[name] = value;
    }
    delete headers.forwarded;
  };
}
