import { once } from "node:events";
import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";

/** An HTTP proxy that records the requests that pass through it. */
export interface RecordingProxy {
  readonly url: string;
  /** Method and path of each request. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** Opens a proxy to the server at `url`. It forwards the Host header unchanged. */
export async function openRecordingProxy(url: string): Promise<RecordingProxy> {
  const { hostname, port } = new URL(url);
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const { method, url: path, headers } = request;
    const onward = send({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      pipeline(answer, response, () => {});
    });
    pipeline(request, onward, (error) => error && response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
