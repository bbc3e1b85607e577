/** Matches programs and libraries that send HTTP requests. */
const TOOL_PATTERN = new RegExp(
  [
    "^(?:curl|wget|libcurl|lwp|java|ruby|php|perl|node|deno|bun|dart|go|got|undici|rest|http|libfetch|fetch)(?:[/ ]|$)",
    "\\bcurl/|wget/|python|aiohttp|httpx|urllib|axios/|node-fetch|node\\.js|superagent|go-http-client|go-resty|okhttp",
    "dart/|dart:io|cfnetwork/|postmanruntime|insomnia/|httpie|bruno-?runtime|hoppscotch|apache-httpclient|apache-cxf",
    "asynchttpclient|^ahc/|jersey/|jetty/|retrofit|unirest|restsharp|guzzle|symfony httpclient|libwww-perl|faraday|typhoeus",
    "httparty|rest-client|reqwest|hyper/|ureq/|winhttp|refit|alamofire|ktor-client|volley/|^k6/",
    "apachebench|autocannon|artillery|gatling|jmeter|^hey/|^wrk/|vegeta",
  ].join("|"),
  "i",
);

const POWERSHELL_PATTERN = /powershell\//i;

/** Matches crawlers. Some of them also name the HTTP library that they use. */
const CRAWLER_PATTERN = /bot\b|crawl|spider|fetcher/i;

/** Returns whether a `User-Agent` header names a program or library, and neither a browser nor a crawler. */
export function isTool(text: string): boolean {
  if (POWERSHELL_PATTERN.test(text)) return true;
  return !/^(?:mozilla|opera)\//i.test(text) && TOOL_PATTERN.test(text) && !CRAWLER_PATTERN.test(text);
}
