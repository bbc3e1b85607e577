import react from "@vitejs/plugin-react";
import { defaultClientConditions, defineConfig } from "vite";
import { compression } from "vite-plugin-compression2";

const SHOP = "http://127.0.0.1:3001";

export default defineConfig({
  plugins: [
    react(),
    // The shop serves these files as they are. It compresses no responses itself, because they contain CSRF tokens.
    compression({ algorithms: ["brotliCompress", "gzip"], threshold: 1000 }),
  ],
  resolve: { conditions: ["coatcheck-source", ...defaultClientConditions] },
  build: { target: "es2023", modulePreload: { polyfill: false } },
  server: { proxy: { "/api": SHOP } },
});
