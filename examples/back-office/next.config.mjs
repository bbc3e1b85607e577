const root = new URL("../..", import.meta.url).pathname;

/** @type {import("next").NextConfig} */
export default {
  outputFileTracingRoot: root,
  poweredByHeader: false,
  turbopack: { root },
  // The repository's checks compile these files.
  typescript: { ignoreBuildErrors: true },
  headers: async () => [
    {
      source: "/:path*",
      headers: [
        { key: "x-content-type-options", value: "nosniff" },
        { key: "x-frame-options", value: "DENY" },
        { key: "referrer-policy", value: "same-origin" },
      ],
    },
  ],
};
