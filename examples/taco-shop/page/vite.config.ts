import react from "@vitejs/plugin-react";
import { defaultClientConditions, defineConfig } from "vite";
import { compression } from "vite-plugin-compression2";

const SHOP_URL = "http://127.0.0.1:3001";

export default defineConfig({
  plugins: [
    react(),
    // Compress files in the build. The shop compresses no responses itself, because responses may contain CSRF tokens.
    compression({ algorithms: ["brotliCompress", "gzip"], threshold: 1000 }),
  ],
  resolve: { conditions: ["coatcheck-source", ...defaultClientConditions] },
  build: { target: "es2023", modulePreload: { polyfill: false } },
  server: { proxy: { "/api": SHOP_URL } },
});
