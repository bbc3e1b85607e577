import type { IncomingMessage } from "node:http";
import { ClientAddress, type TrustProxy } from "coatcheck/http";

/**
 * Replaces the forwarding headers of a request with the client that the trusted proxies report. In Next.js, pages and
 * routes see only the headers. They could not distinguish a forged address from the address of the connection.
 */
export function clientHeaders(trustProxy: TrustProxy): (request: IncomingMessage) => void {
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
